"""Reports

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
STATES = ('waiting', 'running', 'done', 'failed', 'cancelled')


def upgrade() -> None:
    op.create_table('report_run',
    sa.Column('id', ID, nullable=False),
    sa.Column('code', sa.String(length=12), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('account_id', ID, nullable=False),
    sa.Column('maker', sa.String(length=200), nullable=False),
    sa.Column('about_id', ID, nullable=False),
    sa.Column('about_name', sa.String(length=100), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('asked', sa.JSON(), nullable=False),
    sa.Column('unmasked', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('folder', sa.String(length=60), nullable=False),
    sa.Column('state', sa.Enum(*STATES, name='runstate', native_enum=False, length=24), nullable=False),
    sa.Column('words', sa.String(length=200), nullable=False),
    sa.Column('losses', sa.Integer(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=True),
    sa.Column('rows_done', sa.Integer(), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('files_gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('as_of', sa.DateTime(timezone=True), nullable=True),
    sa.Column('content_sha256', sa.LargeBinary(length=32), nullable=True),
    sa.Column('totals', sa.JSON(), nullable=False),
    sa.Column('files', sa.JSON(), nullable=False),
    sa.Column('same_as_id', ID, nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_report_run_account_id_account')),
    sa.ForeignKeyConstraint(['about_id'], ['organisation.id'], name=op.f('fk_report_run_about_id_organisation')),
    sa.ForeignKeyConstraint(['same_as_id'], ['report_run.id'], name=op.f('fk_report_run_same_as_id_report_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_run')),
    sa.UniqueConstraint('code', name=op.f('uq_report_run_code')),
    sa.UniqueConstraint('folder', name=op.f('uq_report_run_folder'))
    )
    op.create_index('ix_report_run_account_id_id', 'report_run', ['account_id', 'id'])
    op.create_index('ix_report_run_due_at', 'report_run', ['due_at'])
    op.create_index('ix_report_run_ended_at', 'report_run', ['ended_at'])


def downgrade() -> None:
    op.drop_table('report_run')
