//! The migrations of this capability, for both databases. The migrations of the audit log run before them.

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
