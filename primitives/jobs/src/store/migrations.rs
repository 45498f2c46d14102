//! The migrations of this capability, for both databases.

use outrigger_sql::Migrations;

pub(super) const MIGRATIONS: Migrations = Migrations {
    capability: "jobs",
    sqlite: &[(
        "V1__jobs",
        include_str!("../../migrations/sqlite/V1__jobs.sql"),
    )],
    postgres: &[(
        "V1__jobs",
        include_str!("../../migrations/postgres/V1__jobs.sql"),
    )],
};
