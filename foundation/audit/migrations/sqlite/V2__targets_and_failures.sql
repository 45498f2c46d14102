-- Failures are rare, and an index that contains only them lists them without reading the rest of the log.

create index audit_log_by_target on audit_log (target, id);
create index audit_log_of_failures on audit_log (id) where outcome <> 'ok';
