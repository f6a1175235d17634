"""Attachments of letters

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('letter_file',
    sa.Column('id', ID, nullable=False),
    sa.Column('draft_id', ID, nullable=True),
    sa.Column('message_id', ID, nullable=True),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.Enum('pdf', 'xlsx', 'jpg', name='attachmentkind', native_enum=False, length=24), nullable=False),
    sa.Column('storage_key', sa.String(length=100), nullable=False),
    sa.Column('received_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.CheckConstraint(
        '(CASE WHEN draft_id IS NULL THEN 0 ELSE 1 END)'
        ' + (CASE WHEN message_id IS NULL THEN 0 ELSE 1 END) = 1',
        name=op.f('ck_letter_file_one_letter'),
    ),
    sa.ForeignKeyConstraint(['draft_id'], ['letter_draft.id'], name=op.f('fk_letter_file_draft_id_letter_draft')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_letter_file_message_id_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_file')),
    sa.UniqueConstraint('storage_key', name=op.f('uq_letter_file_storage_key'))
    )
    op.create_index('ix_letter_file_draft_id', 'letter_file', ['draft_id'])
    op.create_index('ix_letter_file_message_id', 'letter_file', ['message_id'])


def downgrade() -> None:
    op.drop_table('letter_file')
