//! Tests of PostgreSQL databases.

mod encryption;
mod faults;
mod long_work;
mod migrations;
mod pool;
mod statements;
mod transactions;

use std::{process::ExitCode, sync::Arc};

use outrigger_sql::{
    Migrations, PostgresDatabase, PostgresOptions, PostgresUrl, SqlError, StoreConfig,
};
use outrigger_stdx::{Clock, ManualClock, SystemClock};
use outrigger_testkit::{LazyPostgres, Requirement, run, trial};

const FIRST: &str = "create table boats (id bigint primary key, name text not null unique);";
const ONE_STEP: Migrations = Migrations {
    capability: "boats",
    sqlite: &[],
    postgres: &[("V1__boats", FIRST)],
};
const TWO_STEPS: Migrations = Migrations {
    capability: "boats",
    sqlite: &[],
    postgres: &[
        ("V1__boats", FIRST),
        ("V2__masts", "alter table boats add column masts bigint;"),
    ],
};

fn main() -> ExitCode {
    let postgres = LazyPostgres::default();
    macro_rules! trials {
        ($($topic:ident { $($name:ident),* $(,)? })*) => {
            vec![$($({
                let postgres = postgres.clone();
                let name = concat!(stringify!($topic), "::", stringify!($name));
                trial(name, &[Requirement::Postgres], move || $topic::$name(postgres))
            }),*),*]
        };
    }
    let mut trials = trials![
        encryption {
            the_server_certificate_is_verified_as_the_url_requires,
        }
        faults {
            a_half_open_connection_times_out_and_is_replaced,
            the_checker_drops_half_open_connections_before_a_caller_gets_them,
            a_network_that_drops_all_packets_causes_timeouts,
            a_slow_network_causes_no_errors,
            a_connection_lost_during_a_transaction_rolls_it_back,
            a_dropped_query_is_cancelled_and_does_not_block_the_next_caller,
            a_server_that_hangs_causes_timeouts,
        }
        long_work {
            a_dedicated_connection_has_its_own_time_limits,
            notifications_arrive_and_a_reconnect_reports_possible_losses,
            a_notification_of_a_transaction_arrives_when_it_commits,
        }
        migrations {
            all_tables_are_in_the_outrigger_schema,
            two_nodes_migrate_once,
            data_of_a_newer_release_is_rejected_with_both_versions,
            a_failed_step_leaves_the_data_unchanged,
            a_step_that_waits_for_a_lock_does_not_block_others,
            a_step_outside_a_transaction_is_repeated_after_a_failure,
        }
        pool {
            a_pool_larger_than_the_server_s_limit_is_rejected,
            waiting_for_a_connection_times_out_with_an_error,
            an_unknown_database_is_an_error_with_the_server_message,
            a_lost_connection_is_retryable_and_the_pool_recovers,
            the_checker_detects_when_the_server_stops_and_when_it_is_back,
            a_caller_waits_for_a_server_without_a_free_connection,
            a_share_of_the_pool_leaves_connections_for_others,
            a_public_error_contains_no_server_message,
        }
        statements {
            commits_are_synced_even_if_the_database_disables_it,
            a_statement_that_takes_too_long_is_cancelled,
            errors_name_the_constraint,
            broken_statements_are_found_without_running_them,
            a_text_with_a_nul_character_is_invalid_input,
            a_prepared_statement_works_after_a_migration_changed_its_columns,
            a_connection_to_a_server_that_became_read_only_is_replaced,
            statements_that_change_the_session_are_rejected_on_pooled_connections,
            the_number_of_prepared_statements_is_bounded,
            a_copy_stores_all_rows_or_none,
            a_failed_copy_rolls_back_its_transaction,
        }
        transactions {
            a_committed_transaction_is_visible,
            an_error_of_the_work_rolls_back_the_transaction,
            an_ignored_statement_error_still_rolls_back_the_transaction,
            a_deadlock_is_resolved_by_retrying_one_transaction,
            a_transaction_that_always_conflicts_fails_after_five_attempts,
            a_dropped_transaction_is_rolled_back,
            a_transaction_kept_after_its_end_is_rejected_and_rolled_back,
        }
    ];
    let needs = &[Requirement::Postgres, Requirement::PgBouncer];
    let name = "pool::a_transaction_pooler_is_rejected_and_a_session_pooler_is_accepted";
    trials.push(trial(name, needs, move || {
        pool::a_transaction_pooler_is_rejected_and_a_session_pooler_is_accepted(postgres)
    }));
    run(trials)
}

fn options(url: &str) -> PostgresOptions {
    let url = PostgresUrl::parse(url).expect("the address is right");
    PostgresOptions::new(url, &StoreConfig::default())
}

async fn open_with(
    options: PostgresOptions,
) -> Result<(PostgresDatabase, Arc<ManualClock>), SqlError> {
    let clock = Arc::new(ManualClock::new());
    let shared: Arc<dyn Clock> = clock.clone();
    Ok((PostgresDatabase::open(options, shared).await?, clock))
}

/// Uses a real clock, because conflicting nodes and transactions wait before they retry.
async fn open(url: &str) -> PostgresDatabase {
    let database = PostgresDatabase::open(options(url), SystemClock::shared()).await;
    database.expect("the server answers")
}
