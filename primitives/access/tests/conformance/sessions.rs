//! Sessions.

use std::time::Duration;

use futures_util::future::join_all;
use outrigger_access::{AccessError, ClientInfo, Pruned, Role};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, another_node, browser};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_session_ends_when_it_is_revoked,
        a_session_ends_on_another_node_after_the_cache_expires,
        a_session_ends_when_it_is_not_used,
        a_session_that_is_used_only_in_the_background_becomes_idle,
        a_session_ends_at_its_limit_even_if_it_is_used,
        signing_out_ends_the_session,
        ending_the_session_of_another_account_requires_the_scope,
        sessions_are_listed_with_their_accounts,
        a_changed_role_takes_effect_immediately,
        signing_in_while_the_account_is_deleted_neither_fails_nor_leaves_a_session,
        the_pruner_deletes_expired_data,
    ]
    .to_vec()
}

async fn signing_in_while_the_account_is_deleted_neither_fails_nor_leaves_a_session(on: Fixture) {
    for round in 0..10 {
        let mut at_once = Vec::new();
        for number in 0..8u8 {
            let email = format!("a{number}@example.org");
            let account = on.account(&email, Role::Viewer).await;
            let link = on
                .access
                .create_login_link(&on.owner, &on.act, Some(account.id));
            let link = link.await.expect("the account may log in");
            // Uses a different address each time, because failing links throttle an address.
            let client = ClientInfo {
                address: [192, 0, round, number].into(),
                ..browser()
            };
            let access = &on.access;
            let (owner, act) = (&on.owner, &on.act);
            at_once.push(async move {
                tokio::join!(
                    access.redeem_login_link(act, link.code.expose(), &client),
                    access.delete_account(owner, act, account.id),
                )
            });
        }

        for (signed_in, deleted) in join_all(at_once).await {
            assert_eq!(deleted, Ok(()));
            let error = signed_in.err();
            assert!(
                matches!(
                    error,
                    None | Some(AccessError::LinkInvalid | AccessError::NotFound { .. })
                ),
                "{error:?}"
            );
        }
    }

    assert_eq!(on.sessions(None).await, []);
}

async fn a_session_ends_when_it_is_revoked(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();
    on.access
        .authenticate_session(cookie)
        .await
        .expect("the credential is valid");

    on.access
        .end_session(&on.owner, &on.act, signed_in.session.id)
        .await
        .expect("the object exists");

    let ended = on.access.authenticate_session(cookie).await;
    assert_eq!(ended.err(), Some(AccessError::SessionInvalid));
    let again = on
        .access
        .end_session(&on.owner, &on.act, signed_in.session.id)
        .await;
    assert_eq!(again, Err(AccessError::NotFound { what: "session" }));
}

async fn a_session_ends_on_another_node_after_the_cache_expires(on: Fixture) {
    let other = another_node(&on.store, &on.clock);
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();
    other
        .authenticate_session(cookie)
        .await
        .expect("the credential is valid");

    on.access
        .end_session(&on.owner, &on.act, signed_in.session.id)
        .await
        .expect("the object exists");
    on.pass(Duration::from_secs(5));

    let ended = other.authenticate_session(cookie).await;
    assert_eq!(ended.err(), Some(AccessError::SessionInvalid));
}

async fn a_session_ends_when_it_is_not_used(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();

    on.pass(DAY * 6);
    let used = on.access.authenticate_session(cookie).await;
    on.pass(DAY * 6);
    let used_again = on.access.authenticate_session(cookie).await;
    on.pass(DAY * 7);
    let unused = on.access.authenticate_session(cookie).await;

    assert!(used.is_ok() && used_again.is_ok());
    assert_eq!(unused.err(), Some(AccessError::SessionInvalid));
    assert_eq!(on.sessions(None).await, vec![]);
}

async fn a_session_that_is_used_only_in_the_background_becomes_idle(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();

    let mut days = 0;
    let ended = loop {
        let polled = on.access.authenticate_session_in_background(cookie).await;
        match polled {
            Ok(_) => on.pass(DAY),
            Err(error) => break error,
        }
        days += 1;
        assert!(days < 30, "the session never became idle");
    };

    assert_eq!((days, ended), (7, AccessError::SessionInvalid));
    let clicked = on.access.authenticate_session(cookie).await;
    assert_eq!(clicked.err(), Some(AccessError::SessionInvalid));
}

async fn a_session_ends_at_its_limit_even_if_it_is_used(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;

    let mut days = 0;
    while on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await
        .is_ok()
    {
        on.pass(DAY);
        days += 1;
    }

    assert_eq!(days, 30);
}

async fn signing_out_ends_the_session(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let me = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;

    on.access
        .log_out(&me.expect("the credential is valid"), &on.act)
        .await
        .expect("the store works");

    let ended = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    assert_eq!(ended.err(), Some(AccessError::SessionInvalid));
    on.access
        .log_out(&on.owner, &on.act)
        .await
        .expect("there is nothing to end");
}

async fn ending_the_session_of_another_account_requires_the_scope(on: Fixture) {
    let ana = on.principal("ana@example.org", Role::Operator).await;
    let ben = on.principal("ben@example.org", Role::Operator).await;
    let admin = on.principal("admin@example.org", Role::Admin).await;
    let session = |principal: &outrigger_access::Principal| {
        principal.session_id.expect("they used a session")
    };

    let by_ben = on.access.end_session(&ben, &on.act, session(&ana)).await;
    let by_admin = on.access.end_session(&admin, &on.act, session(&ana)).await;
    let own = on.access.end_session(&ben, &on.act, session(&ben)).await;

    assert_eq!(by_ben, Err(AccessError::NotFound { what: "session" }));
    assert_eq!((by_admin, own), (Ok(()), Ok(())));
}

async fn sessions_are_listed_with_their_accounts(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let hers = on.sign_in(&ana).await;
    on.pass(Duration::from_secs(90));
    let local = on.access.owner().await.expect("an owner exists");
    on.sign_in(&local).await;
    on.pass(Duration::from_secs(90));
    on.access
        .authenticate_session(hers.cookie.expose())
        .await
        .expect("the credential is valid");

    let all = on.sessions(None).await;
    let of_ana = on.sessions(Some(ana.id)).await;

    let labels: Vec<_> = all.iter().map(|session| session.account.as_str()).collect();
    assert_eq!(labels, ["ana@example.org", "local"]);
    assert_eq!(of_ana.len(), 1);
    assert_eq!(of_ana[0].id, hers.session.id);
    assert_eq!(of_ana[0].created_at, hers.session.created_at);
    assert!(of_ana[0].last_seen_at > hers.session.last_seen_at);
}

async fn a_changed_role_takes_effect_immediately(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Admin).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();
    on.access
        .authenticate_session(cookie)
        .await
        .expect("the credential is valid");

    let demote = outrigger_access::AccountUpdate {
        role: Some(Role::Viewer),
        ..Default::default()
    };
    on.access
        .update_account(&on.owner, &on.act, ana.id, demote)
        .await
        .expect("the caller has the permission");

    let demoted = on
        .access
        .authenticate_session(cookie)
        .await
        .expect("she stays logged in");
    assert_eq!(demoted.scopes, Role::Viewer.scopes());
}

async fn the_pruner_deletes_expired_data(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    on.sign_in(&ana).await;
    on.access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");
    on.pass(DAY * 8);
    let fresh = on.sign_in(&ana).await;

    let pruned = on.access.prune().await.expect("the store works");

    let expected = Pruned {
        sessions: 1,
        login_links: 1,
        tokens: 0,
        audit_entries: 0,
    };
    assert_eq!(pruned, expected);
    assert!(
        on.access
            .authenticate_session(fresh.cookie.expose())
            .await
            .is_ok()
    );

    on.pass(DAY * 8);
    let stop = Stop::new();
    let mut pruner = on.access.pruner();
    let running = pruner.run(stop.clone());
    let passing = async {
        while on.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel(on.clock.monotonic());
    };
    let (outcome, ()) = tokio::join!(running, passing);
    assert!(outcome.is_ok());
    assert_eq!(on.access.prune().await, Ok(Pruned::default()));
}
