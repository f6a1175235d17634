"""Transfers of members between branches, and out of the system

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
KINDS = ('inside', 'outside')
STATES = ('open', 'done', 'declined', 'withdrawn', 'expired', 'stopped')
TURNS = ('releasing', 'receiving', 'committee', 'receipt')
STEPS = ('asked', 'agreed', 'done', 'declined', 'withdrawn', 'expired', 'stopped', 'merged')


def _one_of(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=24)


def upgrade() -> None:
    op.create_table('transfer',
    sa.Column('id', ID, nullable=False),
    sa.Column('member_id', ID, nullable=False),
    sa.Column('kind', _one_of(KINDS, 'transferkind'), nullable=False),
    sa.Column('state', _one_of(STATES, 'transferstate'), nullable=False),
    sa.Column('turn', _one_of(TURNS, 'turn'), nullable=False),
    sa.Column('held_by_id', ID, nullable=False),
    sa.Column('from_branch_id', ID, nullable=False),
    sa.Column('to_branch_id', ID, nullable=True),
    sa.Column('province', sa.String(length=20), server_default='', nullable=False),
    sa.Column('receiver', sa.String(length=200), server_default='', nullable=False),
    sa.Column('contact', sa.String(length=200), server_default='', nullable=False),
    sa.Column('receipt', sa.String(length=200), server_default='', nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_id', ID, nullable=False),
    sa.Column('by_member', sa.Boolean(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('passed_on_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', ID, nullable=True),
    sa.Column('answer', sa.String(length=500), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_transfer_member_id_member')),
    sa.ForeignKeyConstraint(['held_by_id'], ['organisation.id'], name=op.f('fk_transfer_held_by_id_organisation')),
    sa.ForeignKeyConstraint(['from_branch_id'], ['organisation.id'], name=op.f('fk_transfer_from_branch_id_organisation')),
    sa.ForeignKeyConstraint(['to_branch_id'], ['organisation.id'], name=op.f('fk_transfer_to_branch_id_organisation')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_transfer_asked_by_id_account')),
    sa.ForeignKeyConstraint(['ended_by_id'], ['account.id'], name=op.f('fk_transfer_ended_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer'))
    )
    op.create_index(
        'uq_transfer_open', 'transfer', ['member_id'], unique=True,
        sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index('ix_transfer_member_id', 'transfer', ['member_id', 'id'])
    for place in ('held_by_id', 'from_branch_id', 'to_branch_id'):
        op.create_index(f'ix_transfer_{place}_state', 'transfer', [place, 'state', 'ends_on', 'id'])
    op.create_index('ix_transfer_state_ends_on', 'transfer', ['state', 'ends_on', 'id'])
    op.create_table('transfer_step',
    sa.Column('id', ID, nullable=False),
    sa.Column('transfer_id', ID, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', _one_of(STEPS, 'stepkind'), nullable=False),
    sa.Column('account_id', ID, nullable=True),
    sa.Column('organisation_id', ID, nullable=True),
    sa.Column('words', sa.String(length=500), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['transfer_id'], ['transfer.id'], name=op.f('fk_transfer_step_transfer_id_transfer')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_transfer_step_account_id_account')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_transfer_step_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer_step'))
    )
    op.create_index('ix_transfer_step_transfer_id_id', 'transfer_step', ['transfer_id', 'id'])


def downgrade() -> None:
    op.drop_table('transfer_step')
    op.drop_table('transfer')
