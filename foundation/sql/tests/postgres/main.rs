//! PostgreSQL, by topic.

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
            the_server_proves_its_name_when_asked_to,
        }
        faults {
            a_half_open_connection_fails_in_time_and_the_next_one_is_new,
            the_checker_finds_half_open_connections_before_a_caller_does,
            a_network_that_swallows_everything_gives_errors_in_time,
            a_slow_network_is_no_failure,
            a_connection_that_is_cut_in_a_transaction_undoes_it,
            a_dropped_query_is_cancelled_and_does_not_block_the_next_caller,
            a_server_that_stands_still_gives_errors_in_time,
        }
        long_work {
            a_dedicated_connection_has_time_limits_of_its_own,
            notifications_arrive_and_a_reconnect_says_that_some_may_be_missing,
            a_notification_of_a_transaction_arrives_when_it_commits,
        }
        migrations {
            everything_lives_in_its_own_schema,
            two_nodes_migrate_once,
            data_of_a_newer_release_is_refused_by_both_versions,
            a_failed_step_leaves_the_data_as_it_was,
            a_step_that_waits_for_a_lock_lets_others_pass,
            a_step_outside_of_a_transaction_is_repeated_after_it_failed,
        }
        pool {
            a_pool_larger_than_the_server_allows_is_refused,
            a_caller_that_gets_no_connection_in_time_is_told,
            a_wrong_database_is_refused_with_the_servers_words,
            a_lost_connection_is_retryable_and_the_pool_recovers,
            the_checker_notices_at_once_that_the_server_went_away_and_when_it_is_back,
            a_server_without_a_free_connection_is_waited_for,
            a_share_of_the_pool_leaves_connections_for_others,
            an_error_for_the_public_has_no_word_of_the_server,
        }
        statements {
            a_commit_is_synced_also_where_the_database_says_otherwise,
            a_statement_that_takes_too_long_is_cancelled,
            errors_name_the_constraint,
            broken_statements_are_found_without_running_them,
            a_text_with_a_nul_character_is_invalid_input,
            a_statement_goes_on_after_a_migration_changed_its_columns,
            a_server_that_became_read_only_is_left,
            what_changes_the_session_is_refused_on_the_pool,
            many_statements_do_not_stay_prepared_for_ever,
            rows_are_copied_all_or_none,
            a_failed_copy_undoes_its_transaction,
        }
        transactions {
            what_a_transaction_did_is_there_after_it,
            an_error_of_the_work_undoes_the_transaction,
            a_failed_statement_that_is_ignored_still_undoes_the_transaction,
            a_deadlock_is_solved_by_repeating_one_of_the_two,
            a_transaction_that_collides_every_time_fails_after_five_attempts,
            a_transaction_that_is_dropped_halfway_is_undone,
            a_transaction_kept_beyond_its_end_is_refused_and_undone,
        }
    ];
    let needs = &[Requirement::Postgres, Requirement::PgBouncer];
    let name = "pool::a_pooler_of_transactions_is_refused_and_one_of_sessions_is_not";
    trials.push(trial(name, needs, move || {
        pool::a_pooler_of_transactions_is_refused_and_one_of_sessions_is_not(postgres)
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

/// On a real clock, because nodes and transactions that get into each other's way wait before they try again.
async fn open(url: &str) -> PostgresDatabase {
    let database = PostgresDatabase::open(options(url), SystemClock::shared()).await;
    database.expect("the server answers")
}
