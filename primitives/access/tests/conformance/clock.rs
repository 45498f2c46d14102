//! A clock that jumps ahead causes no deletion.

use std::time::Duration;

use jiff::SignedDuration;
use outrigger_access::{AccessError, NewToken, Pruned, Role, TokenExpiry};
use outrigger_audit::AuditFilter;
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, another_node, new_token};

const DAY: Duration = Duration::from_secs(86_400);
const TWO_YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_start_with_a_clock_that_is_ahead_deletes_nothing,
        a_clock_that_jumped_ahead_deletes_nothing_until_it_is_correct_again,
        confirming_the_clock_deletes_expired_data,
        the_first_start_of_this_release_with_the_clock_ahead_deletes_nothing,
        expired_data_is_deleted_while_the_clock_advances_normally,
    ]
    .to_vec()
}

/// Creates a session, a login link, a token and audit log entries, all of which expire within two years.
async fn create_one_of_each_kind(on: &Fixture) {
    let ana = on.account("ana@example.org", Role::Admin).await;
    on.sign_in(&ana).await;
    let link = on.access.create_login_link(&on.owner, &on.act, None).await;
    link.expect("the owner has the permission");
    let token = NewToken {
        expiry: TokenExpiry::After(DAY),
        ..new_token(&["cache:read"])
    };
    let made = on.access.create_token(&on.owner, &on.act, token).await;
    made.expect("the owner has the permission");
}

async fn entries(on: &Fixture) -> usize {
    let page = on
        .access
        .audit_log()
        .list(&AuditFilter::default(), None, 500)
        .await;
    page.expect("the store works").entries.len()
}

async fn count_objects(on: &Fixture) -> (usize, usize, usize) {
    (
        on.sessions(None).await.len(),
        on.tokens().await.len(),
        entries(on).await,
    )
}

async fn a_start_with_a_clock_that_is_ahead_deletes_nothing(on: Fixture) {
    create_one_of_each_kind(&on).await;
    on.access.prune().await.expect("the clock is right");
    let before = count_objects(&on).await;

    on.clock.jump(TWO_YEARS);
    let started = another_node(&on.store, &on.clock);
    started.ensure_owner().await.expect("the store works");
    let refused = started.prune().await;
    let problem = started.clock_jumped();
    on.clock.jump(-TWO_YEARS);

    assert!(matches!(refused, Err(AccessError::ClockJumped(_))));
    assert!(problem.is_some());
    assert_eq!(count_objects(&on).await, before);
}

async fn a_clock_that_jumped_ahead_deletes_nothing_until_it_is_correct_again(on: Fixture) {
    create_one_of_each_kind(&on).await;
    on.access.prune().await.expect("the clock is right");
    let before = count_objects(&on).await;

    on.clock.jump(TWO_YEARS);
    let refused = on.access.prune().await;
    on.pass(Duration::from_secs(3600));
    let again = on.access.prune().await;
    on.clock.jump(-TWO_YEARS);
    let right = on.access.prune().await;

    assert!(refused.is_err() && again.is_err());
    // The login links have expired meanwhile.
    let links = Pruned {
        login_links: 1,
        ..Pruned::default()
    };
    assert_eq!(right, Ok(links));
    assert_eq!(on.access.clock_jumped(), None);
    assert_eq!(count_objects(&on).await, before);
}

async fn confirming_the_clock_deletes_expired_data(on: Fixture) {
    create_one_of_each_kind(&on).await;
    on.access.prune().await.expect("the clock is right");
    let old = entries(&on).await as u64;
    on.clock.jump(TWO_YEARS);
    on.access.prune().await.expect_err("the clock has jumped");

    let pruned = on.access.confirm_clock(&on.act).await;
    let started = another_node(&on.store, &on.clock).prune().await;

    let all = Pruned {
        sessions: 1,
        login_links: 1,
        tokens: 1,
        audit_entries: old,
    };
    assert_eq!(pruned, Ok(all));
    assert_eq!(on.access.clock_jumped(), None);
    assert_eq!(
        started,
        Ok(Pruned::default()),
        "the next start accepts the clock"
    );
    let page = on
        .access
        .audit_log()
        .list(&AuditFilter::default(), None, 10)
        .await;
    let left = page.expect("the store works").entries;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].action, "access.confirm_clock");
}

async fn the_first_start_of_this_release_with_the_clock_ahead_deletes_nothing(on: Fixture) {
    create_one_of_each_kind(&on).await;
    let before = count_objects(&on).await;

    // No time has been stored yet.
    on.clock.jump(TWO_YEARS);
    let started = another_node(&on.store, &on.clock);
    started.ensure_owner().await.expect("the store works");
    let link = started.create_login_link(&on.owner, &on.act, None).await;
    link.expect("the owner has the permission");
    let refused = started.prune().await;
    on.clock.jump(-TWO_YEARS);

    assert!(matches!(refused, Err(AccessError::ClockJumped(_))));
    let (sessions, tokens, entries) = count_objects(&on).await;
    assert_eq!((sessions, tokens, entries - 1), before);
}

async fn expired_data_is_deleted_while_the_clock_advances_normally(on: Fixture) {
    create_one_of_each_kind(&on).await;
    on.access.prune().await.expect("the clock is right");

    on.pass(DAY * 32);
    let pruned = on.access.prune().await;

    let pruned = pruned.expect("the clock is right");
    assert_eq!(
        (pruned.sessions, pruned.login_links, pruned.tokens),
        (1, 1, 1)
    );
}
