"""Mail about messages

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('account', sa.Column('email', sa.String(length=254), server_default='', nullable=False))
    op.add_column('account', sa.Column('mail_off', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('mail_notice',
    sa.Column('account_id', ID, nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('last_error', sa.String(length=200), server_default='', nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_count', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_mail_notice_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_mail_notice'))
    )
    op.create_index('ix_mail_notice_due_at', 'mail_notice', ['due_at'])


def downgrade() -> None:
    op.drop_table('mail_notice')
    op.drop_column('account', 'mail_off')
    op.drop_column('account', 'email')
