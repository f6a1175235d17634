"""Messages

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('message',
    sa.Column('id', ID, nullable=False),
    sa.Column('kind', sa.Enum('notice', 'reminder', 'urging', name='messagekind', native_enum=False, length=24), nullable=False),
    sa.Column('to_organisation_id', ID, nullable=True),
    sa.Column('to_account_id', ID, nullable=True),
    sa.Column('sent_by_id', ID, nullable=True),
    sa.Column('sender', sa.String(length=200), nullable=False),
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('body', sa.String(length=4000), nullable=False),
    sa.Column('url', sa.String(length=200), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('once', sa.String(length=80), nullable=True),
    sa.CheckConstraint(
        '(CASE WHEN to_organisation_id IS NULL THEN 0 ELSE 1 END)'
        ' + (CASE WHEN to_account_id IS NULL THEN 0 ELSE 1 END) = 1',
        name=op.f('ck_message_one_addressee'),
    ),
    sa.ForeignKeyConstraint(['to_organisation_id'], ['organisation.id'], name=op.f('fk_message_to_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['to_account_id'], ['account.id'], name=op.f('fk_message_to_account_id_account')),
    sa.ForeignKeyConstraint(['sent_by_id'], ['account.id'], name=op.f('fk_message_sent_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('once', name=op.f('uq_message_once'))
    )
    op.create_index('ix_message_to_organisation_id', 'message', ['to_organisation_id', 'id'])
    op.create_index('ix_message_to_account_id', 'message', ['to_account_id', 'id'])
    op.create_table('message_read',
    sa.Column('message_id', ID, nullable=False),
    sa.Column('account_id', ID, nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_message_read_message_id_message')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_message_read_account_id_account')),
    sa.PrimaryKeyConstraint('message_id', 'account_id', name=op.f('pk_message_read'))
    )


def downgrade() -> None:
    op.drop_table('message_read')
    op.drop_table('message')
