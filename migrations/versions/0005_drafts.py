"""Drafts of forms: pictures of a phone, and scans that are too large

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('draft',
    sa.Column('id', _ID, nullable=False),
    sa.Column('account_id', _ID, nullable=False),
    sa.Column('member_id', _ID, nullable=False),
    sa.Column('kind', sa.Enum('photos', 'large_scan', name='draftkind', native_enum=False, length=24), nullable=False),
    sa.Column('folder', sa.String(length=60), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pages', sa.String(length=1000), nullable=False),
    sa.Column('made_name', sa.String(length=40), nullable=True),
    sa.Column('made_of', sa.String(length=1000), nullable=False),
    sa.Column('made_size', sa.Integer(), nullable=True),
    sa.Column('made_pages', sa.Integer(), nullable=True),
    sa.Column('made_dpi', sa.Integer(), nullable=True),
    sa.Column('made_coarser', sa.Boolean(), nullable=True),
    sa.Column('source_size', sa.Integer(), nullable=True),
    sa.Column('source_dpi', sa.Integer(), nullable=True),
    sa.Column('red', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_draft_account_id')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_draft_member_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft')),
    sa.UniqueConstraint('account_id', 'member_id', 'kind', name=op.f('uq_draft_account_id_member_id_kind')),
    sa.UniqueConstraint('folder', name=op.f('uq_draft_folder'))
    )
    op.create_index('ix_draft_changed_at', 'draft', ['changed_at'], unique=False)
    op.create_table('draft_picture',
    sa.Column('id', _ID, nullable=False),
    sa.Column('draft_id', _ID, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('turns', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], name=op.f('fk_draft_picture_draft_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft_picture')),
    sa.UniqueConstraint('draft_id', 'number', name=op.f('uq_draft_picture_draft_id_number')),
    sa.UniqueConstraint('draft_id', 'sha256', name=op.f('uq_draft_picture_draft_id_sha256'))
    )


def downgrade() -> None:
    op.drop_table('draft_picture')
    op.drop_index('ix_draft_changed_at', table_name='draft')
    op.drop_table('draft')
