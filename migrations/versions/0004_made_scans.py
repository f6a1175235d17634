"""Scans made from others; printed page numbers

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

ORIGINS = ('uploaded', 'arranged', 'from_photos', 'compressed')


def upgrade() -> None:
    # Written out, because Alembic would copy the whole table for the reference; both databases add
    # a column that may be empty at once, however many rows there are.
    whole = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE scan ADD COLUMN original_id {whole}"
        " CONSTRAINT fk_scan_original_id REFERENCES scan (id)"
    )
    op.add_column('scan', sa.Column('origin', sa.Enum(*ORIGINS, name='scanorigin', native_enum=False, length=24), server_default='uploaded', nullable=False))
    op.create_index('ix_scan_original_id', 'scan', ['original_id'], unique=False)
    op.add_column('scan_look', sa.Column('printed_numbers', sa.JSON(), server_default='{}', nullable=False))


def downgrade() -> None:
    op.drop_column('scan_look', 'printed_numbers')
    op.drop_index('ix_scan_original_id', table_name='scan')
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.drop_constraint('fk_scan_original_id', type_='foreignkey')
        batch_op.drop_column('original_id')
        batch_op.drop_column('origin')
