//! The steps of this capability's tables, for both databases. Those of the audit log are taken before.

use outrigger_sql::Migrations;

pub(super) const MIGRATIONS: Migrations = Migrations {
    capability: "access",
    sqlite: &[
        (
            "V1__access",
            include_str!("../../migrations/sqlite/V1__access.sql"),
        ),
        (
            "V2__audit_log_and_parents",
            include_str!("../../migrations/sqlite/V2__audit_log_and_parents.sql"),
        ),
    ],
    postgres: &[
        (
            "V1__access",
            include_str!("../../migrations/postgres/V1__access.sql"),
        ),
        (
            "V2__audit_log_and_parents",
            include_str!("../../migrations/postgres/V2__audit_log_and_parents.sql"),
        ),
    ],
};
