//! The audit log: a change and its entry are stored together or not at all.

use std::time::Duration;

use futures_util::future::join_all;
use outrigger_access::{AccessError, AccountUpdate, NewToken, OwnUpdate, Role, TokenExpiry};
use outrigger_audit::{Act, AuditEntry, AuditFilter, ByAction};
use outrigger_stdx::{Actor, Via};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, PASSWORD, browser, new_account, new_token, secret};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        every_change_has_an_entry_with_its_details,
        a_change_whose_entry_cannot_be_stored_is_rolled_back,
        lost_connections_leave_no_change_without_entry_and_no_entry_without_change,
        a_failed_change_leaves_no_entry_and_is_not_marked_as_recorded,
        entries_are_kept_for_their_retention,
    ]
    .to_vec()
}

async fn entries(on: &Fixture, action: &str) -> Vec<AuditEntry> {
    let filter = AuditFilter {
        action: Some(ByAction::parse(action)),
        ..AuditFilter::default()
    };
    let page = on.access.audit_log().list(&filter, None, 500).await;
    page.expect("the store works").entries
}

/// Formats an entry: the action, the object and the changes.
fn describe(entry: &AuditEntry) -> String {
    let changes = entry.changes.iter().map(|change| {
        let of = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!("{} {}>{}", change.field, of(&change.from), of(&change.to))
    });
    let name = entry.target_name.as_deref().unwrap_or("-");
    let changes: Vec<_> = changes.collect();
    format!("{} {} [{}]", entry.action, name, changes.join(", "))
}

async fn every_change_has_an_entry_with_its_details(on: Fixture) {
    let (access, owner, act) = (&on.access, &on.owner, &on.act);
    let ana = on
        .account_with_password("ana@example.org", Role::Viewer)
        .await;
    let client = browser();
    let signed_in = access.log_in(act, "ana@example.org", secret(PASSWORD), &client);
    let signed_in = signed_in.await.expect("the password is right");
    let me = access.authenticate_session(signed_in.cookie.expose()).await;
    let me = me.expect("the session is fresh");
    let update = OwnUpdate {
        name: Some("Ana".to_owned()),
        ..OwnUpdate::default()
    };
    let updated = access.update_own(&me, act, update, browser().address).await;
    updated.expect("a name needs no password");
    let promote = AccountUpdate {
        role: Some(Role::Owner),
        ..AccountUpdate::default()
    };
    let promoted = access.update_account(owner, act, ana.id, promote).await;
    promoted.expect("the owner has the permission");
    let by_link = on.sign_in(&ana).await;
    let ended = access.end_session(owner, act, by_link.session.id).await;
    ended.expect("the object exists");
    access.log_out(&me, act).await.expect("the store works");
    let token = NewToken {
        expiry: TokenExpiry::Never,
        ..new_token(&["cache:read", "jobs:work"])
    };
    let token = access.create_token(owner, act, token).await;
    let token = token.expect("the owner has the permission").token;
    let revoked = access.revoke_token(owner, act, token.id).await;
    revoked.expect("the object exists");
    let key = access.create_ingest_key(act, "shop").await;
    let key = key.expect("the name is right");
    let deleted = access.delete_ingest_key(act, key.id).await;
    deleted.expect("the object exists");
    let deleted = access.delete_account(owner, act, ana.id).await;
    deleted.expect("the owner has the permission");

    let mut entries = entries(&on, "access.").await;
    entries.reverse();
    let describe: Vec<_> = entries.iter().map(describe).collect();
    assert_eq!(
        describe,
        [
            "access.create_account local [role ->owner]",
            "access.create_account ana@example.org [role ->viewer]",
            "access.log_in ana@example.org []",
            "access.update_me ana@example.org [name ana@example.org>Ana]",
            "access.update_account ana@example.org [role viewer>owner]",
            "access.create_login_link ana@example.org []",
            "access.log_in_by_link ana@example.org []",
            "access.revoke_session ana@example.org []",
            "access.log_out ana@example.org []",
            "access.create_token deploy [scopes ->cache:read jobs:work, expires_at ->never]",
            "access.revoke_token deploy [scopes cache:read jobs:work>-]",
            "access.create_ingest_key shop []",
            "access.revoke_ingest_key shop []",
            "access.delete_account ana@example.org [role owner>-]",
        ]
    );
    assert!(entries.iter().all(|entry| entry.target.is_some()));
    assert_eq!(entries[2].actor, "ana@example.org");
    assert_eq!(entries[4].actor, "local");
    assert_eq!(entries[4].target, Some(ana.id.to_string()));
    assert!(act.is_recorded());
}

async fn a_change_whose_entry_cannot_be_stored_is_rolled_back(on: Fixture) {
    let (access, owner, act) = (&on.access, &on.owner, &on.act);
    let ana = on
        .account_with_password("ana@example.org", Role::Viewer)
        .await;
    let session = on.sign_in(&ana).await;
    let token = access.create_token(owner, act, new_token(&["cache:read"]));
    let token = token.await.expect("the owner has the permission").token;
    let key = access.create_ingest_key(act, "shop").await;
    let key = key.expect("the name is right");
    let link = access.create_login_link(owner, act, Some(ana.id)).await;
    let link = link.expect("the account can log in");
    let before = (
        on.accounts().await,
        on.sessions(None).await,
        on.tokens().await,
        on.ingest_keys().await,
    );

    on.sql("alter table audit_log rename to audit_log_away")
        .await;
    let demote = AccountUpdate {
        role: Some(Role::Admin),
        ..AccountUpdate::default()
    };
    let new = new_account("ben@example.org", Role::Viewer);
    let refused = [
        access.create_account(owner, act, new).await.err(),
        access
            .update_account(owner, act, ana.id, demote)
            .await
            .err(),
        access.delete_account(owner, act, ana.id).await.err(),
        access
            .log_in(act, "ana@example.org", secret(PASSWORD), &browser())
            .await
            .err(),
        access
            .redeem_login_link(act, link.code.expose(), &browser())
            .await
            .err(),
        access
            .end_session(owner, act, session.session.id)
            .await
            .err(),
        access
            .create_token(owner, act, new_token(&["cache:read"]))
            .await
            .err(),
        access.revoke_token(owner, act, token.id).await.err(),
        access.create_ingest_key(act, "web").await.err(),
        access.delete_ingest_key(act, key.id).await.err(),
        access
            .create_login_link(owner, act, Some(ana.id))
            .await
            .err(),
    ];
    on.sql("alter table audit_log_away rename to audit_log")
        .await;

    for (number, error) in refused.iter().enumerate() {
        assert!(
            matches!(error, Some(AccessError::Store(_))),
            "{number} {error:?}"
        );
    }
    let after = (
        on.accounts().await,
        on.sessions(None).await,
        on.tokens().await,
        on.ingest_keys().await,
    );
    assert_eq!(after, before);
    let redeemed = access
        .redeem_login_link(act, link.code.expose(), &browser())
        .await;
    assert!(redeemed.is_ok(), "the link was used up");
}

async fn lost_connections_leave_no_change_without_entry_and_no_entry_without_change(on: Fixture) {
    let mut acknowledged = Vec::new();
    for _ in 0..30 {
        let make = (0..4).map(|number| {
            on.access
                .create_ingest_key(&on.act, if number % 2 == 0 { "a" } else { "b" })
        });
        let (made, ()) = tokio::join!(join_all(make), on.kill_connections());
        for key in made.into_iter().flatten() {
            acknowledged.push(key.id.to_string());
            // At most a dozen keys fit.
            let _ = on.access.delete_ingest_key(&on.act, key.id).await;
        }
    }

    let made = targets(&entries(&on, "access.create_ingest_key").await);
    let deleted = targets(&entries(&on, "access.revoke_ingest_key").await);
    let there: Vec<_> = on
        .ingest_keys()
        .await
        .iter()
        .map(|key| key.id.to_string())
        .collect();
    assert!(!acknowledged.is_empty());
    for id in &acknowledged {
        assert!(made.contains(id), "an acknowledged change has no entry");
    }
    for id in &made {
        let is_there = there.contains(id);
        let is_deleted = deleted.contains(id);
        assert!(
            is_there != is_deleted,
            "{id}: there {is_there}, deleted {is_deleted}"
        );
    }
    assert!(there.iter().all(|id| made.contains(id)));
}

fn targets(entries: &[AuditEntry]) -> Vec<String> {
    entries
        .iter()
        .filter_map(|entry| entry.target.clone())
        .collect()
}

async fn a_failed_change_leaves_no_entry_and_is_not_marked_as_recorded(on: Fixture) {
    let act = Act::new(Actor {
        via: Via::Api,
        ..Actor::local()
    });
    let before = entries(&on, "access.").await.len();

    let demote = AccountUpdate {
        role: Some(Role::Viewer),
        ..AccountUpdate::default()
    };
    let last = on
        .access
        .update_account(&on.owner, &act, on.owner.account_id, demote);
    let last = last.await;

    assert_eq!(last, Err(AccessError::LastOwner));
    assert!(!act.is_recorded());
    assert_eq!(entries(&on, "access.").await.len(), before);
}

async fn entries_are_kept_for_their_retention(on: Fixture) {
    let now = || outrigger_stdx::Clock::now(&on.clock);
    let entry = |action: &str| Act::new(Actor::system()).entry(action, now());
    let append = async |entries| {
        let appended = on.access.audit_log().append(entries).await;
        appended.expect("the store works");
    };
    append((0..2500).map(|_| entry("old.one")).collect()).await;
    on.access.prune().await.expect("the clock is right");
    on.pass(DAY * 399);
    append(vec![entry("recent.one")]).await;

    let early = on.access.prune().await.expect("the store works");
    on.pass(DAY * 2);
    let late = on.access.prune().await.expect("the store works");

    assert_eq!(early.audit_entries, 0);
    // Including the entry for the creation of the owner account.
    assert_eq!(late.audit_entries, 2501);
    assert_eq!(entries(&on, "recent.").await.len(), 1);
    assert_eq!(entries(&on, "old.").await.len(), 0);
}
