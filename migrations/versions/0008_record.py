"""The record by organisation; seals

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

# Whom each line of the past concerned, as services/audit.py says it of a new one.
ABOUT = """
    UPDATE audit_record SET about_id = coalesce(
        (SELECT branch_id FROM member WHERE member.id = audit_record.member_id),
        {organisation}, {of}, {branch_id},
        (SELECT coalesce(account.organisation_id, member.branch_id, joining.branch_id) FROM account
            LEFT JOIN member ON member.id = account.member_id
            LEFT JOIN joining ON joining.id = account.joining_id
            WHERE account.id = {account_id}),
        (SELECT branch_id FROM joining WHERE joining.id = {joining_id}),
        organisation_id)"""
NAMES = ('organisation', 'of', 'branch_id', 'account_id', 'joining_id')
FIELD = {
    'sqlite': "json_extract(audit_record.detail, '$.{}')",
    'postgresql': "(audit_record.detail ->> '{}')::bigint",
}
# The record is insert only, also for this: let go for one statement, and held again.
RELEASE = {
    'sqlite': ('DROP TRIGGER audit_record_no_update',),
    'postgresql': ('ALTER TABLE audit_record DISABLE TRIGGER audit_record_no_change',),
}
HOLD = {
    'sqlite': (
        """CREATE TRIGGER audit_record_no_update BEFORE UPDATE ON audit_record
           BEGIN SELECT RAISE(ABORT, 'audit_record is insert only'); END""",
    ),
    'postgresql': ('ALTER TABLE audit_record ENABLE TRIGGER audit_record_no_change',),
}
SEAL_TRIGGERS = {
    'sqlite': (
        """CREATE TRIGGER record_seal_no_update BEFORE UPDATE ON record_seal
           BEGIN SELECT RAISE(ABORT, 'record_seal is insert only'); END""",
        """CREATE TRIGGER record_seal_no_delete BEFORE DELETE ON record_seal
           BEGIN SELECT RAISE(ABORT, 'record_seal is insert only'); END""",
    ),
    'postgresql': (
        """CREATE TRIGGER record_seal_no_change
           BEFORE UPDATE OR DELETE OR TRUNCATE ON record_seal
           FOR EACH STATEMENT EXECUTE FUNCTION audit_record_insert_only()""",
    ),
}
INDEXES = (['about_id', 'id'], ['about_id', 'event', 'id'], ['event', 'id'])


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    whole = 'INTEGER' if dialect == 'sqlite' else 'BIGINT'
    op.execute(
        f'ALTER TABLE audit_record ADD COLUMN about_id {whole}'
        ' CONSTRAINT fk_audit_record_about_id REFERENCES organisation (id)'
    )
    for statement in RELEASE[dialect]:
        op.execute(statement)
    fields = {name: FIELD[dialect].format(name) for name in NAMES}
    op.get_bind().exec_driver_sql(ABOUT.format(**fields))
    if dialect == 'postgresql':
        op.execute('SET CONSTRAINTS ALL IMMEDIATE')  # no pending check may stand before ALTER TABLE
    for statement in HOLD[dialect]:
        op.execute(statement)
    for columns in INDEXES:
        op.create_index('ix_audit_record_' + '_'.join(columns), 'audit_record', columns)
    op.create_table('record_seal',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('last_id', ID, nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_record_seal'))
    )
    for statement in SEAL_TRIGGERS[dialect]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table('record_seal')
    for columns in INDEXES:
        op.drop_index('ix_audit_record_' + '_'.join(columns), table_name='audit_record')
    op.drop_column('audit_record', 'about_id')
