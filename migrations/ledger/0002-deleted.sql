-- What was deleted is found without looking at what is there: a ledger is pruned at each start and each day.
CREATE INDEX ledger_tag_deleted ON ledger_tag (changed_us) WHERE digest IS NULL;
CREATE INDEX ledger_manifest_deleted ON ledger_manifest (deleted_us) WHERE deleted_us IS NOT NULL;
