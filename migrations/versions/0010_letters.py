"""Letters that people write

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
AUDIENCES = ('one', 'branches', 'subtree')


def upgrade() -> None:
    # Written out, because Alembic would copy the whole table for the references.
    whole = 'INTEGER' if op.get_bind().dialect.name == 'sqlite' else 'BIGINT'
    for name, of in (('from_organisation_id', 'organisation'), ('answers_id', 'message')):
        op.execute(
            f'ALTER TABLE message ADD COLUMN {name} {whole}'
            f' CONSTRAINT fk_message_{name}_{of} REFERENCES {of} (id)'
        )
    op.add_column('message', sa.Column('audience', sa.Enum(*AUDIENCES, name='audience', native_enum=False, length=24), server_default='one', nullable=False))
    op.add_column('message', sa.Column('addressees', sa.Integer(), server_default='1', nullable=False))
    # 催办 from before can be answered too.
    op.execute(
        'UPDATE message SET from_organisation_id ='
        ' (SELECT organisation_id FROM account WHERE account.id = message.sent_by_id)'
        ' WHERE sent_by_id IS NOT NULL'
    )
    op.create_index('ix_message_to_organisation_id_audience', 'message', ['to_organisation_id', 'audience', 'id'])
    op.drop_index('ix_message_to_organisation_id', table_name='message')
    op.create_index('ix_message_from_organisation_id', 'message', ['from_organisation_id', 'kind', 'id'])
    op.create_index('ix_message_sent_by_id', 'message', ['sent_by_id', 'kind', 'id'])
    op.create_table('letter_draft',
    sa.Column('id', ID, nullable=False),
    sa.Column('token', sa.String(length=40), nullable=False),
    sa.Column('account_id', ID, nullable=False),
    sa.Column('to', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('body', sa.String(length=4000), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_letter_draft_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_draft')),
    sa.UniqueConstraint('token', name=op.f('uq_letter_draft_token'))
    )
    op.create_index('ix_letter_draft_account_id', 'letter_draft', ['account_id'])


def downgrade() -> None:
    op.drop_table('letter_draft')
    for name in ('to_organisation_id_audience', 'from_organisation_id', 'sent_by_id'):
        op.drop_index(f'ix_message_{name}', table_name='message')
    op.create_index('ix_message_to_organisation_id', 'message', ['to_organisation_id', 'id'])
    op.execute("DELETE FROM message_read WHERE message_id IN (SELECT id FROM message WHERE audience != 'one' OR kind = 'letter')")
    op.execute("DELETE FROM message WHERE audience != 'one' OR kind = 'letter'")
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_constraint('fk_message_from_organisation_id_organisation', type_='foreignkey')
        batch_op.drop_constraint('fk_message_answers_id_message', type_='foreignkey')
        batch_op.drop_column('from_organisation_id')
        batch_op.drop_column('answers_id')
        batch_op.drop_column('audience')
        batch_op.drop_column('addressees')
