//! Guarantees while the store fails.

use std::{sync::Arc, time::Duration};

use outrigger_access::{Access, AccessError, Role};
use outrigger_audit::{Act, AuditFilter, ByAction};
use outrigger_stdx::{Actor, Via};
use outrigger_testkit::{Case, cases};

use crate::{
    fixture::{Fixture, another_node, new_token},
    flaky_store::{Fault, FlakyStore},
};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_revocation_whose_reply_is_lost_takes_effect_immediately_and_has_its_entry,
        disabling_an_account_signs_it_out_even_if_the_reply_is_lost,
        a_revocation_that_does_not_reach_the_store_changes_nothing,
        an_unavailable_store_does_not_end_a_principal,
        ingest_keys_are_cached,
    ]
    .to_vec()
}

/// Creates a node whose store can fail.
fn flaky(on: &Fixture) -> (Arc<FlakyStore>, Access) {
    let store = FlakyStore::around(&on.store);
    let node = another_node(&(Arc::clone(&store) as _), &on.clock);
    (store, node)
}

async fn entries_of(on: &Fixture, action: &str) -> usize {
    let filter = AuditFilter {
        action: Some(ByAction::parse(action)),
        ..AuditFilter::default()
    };
    let page = on.access.audit_log().list(&filter, None, 100).await;
    page.expect("the store works").entries.len()
}

async fn a_revocation_whose_reply_is_lost_takes_effect_immediately_and_has_its_entry(on: Fixture) {
    let (store, node) = flaky(&on);
    let created = node.create_token(&on.owner, &on.act, new_token(&["cache:*"]));
    let created = created.await.expect("the owner has the permission");
    let text = created.text.expose();
    let used = node.authenticate_token(text, Via::Redis).await;
    used.expect("the credential is valid");
    let mut changes = node.changes();
    let act = Act::new(Actor::local());

    store.fail("delete_token", Fault::AfterCommit).await;
    let revoked = node.revoke_token(&on.owner, &act, created.token.id).await;

    assert!(matches!(revoked, Err(AccessError::Store(_))));
    assert!(!act.is_recorded(), "the outcome is unknown");
    changes.changed().await;
    let refused = node.authenticate_token(text, Via::Redis).await;
    assert_eq!(refused.err(), Some(AccessError::TokenInvalid));
    assert_eq!(entries_of(&on, "access.revoke_token").await, 1);
}

async fn disabling_an_account_signs_it_out_even_if_the_reply_is_lost(on: Fixture) {
    let (store, node) = flaky(&on);
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let signed_in = on.sign_in(&ana).await;
    let cookie = signed_in.cookie.expose();
    node.authenticate_session(cookie)
        .await
        .expect("the credential is valid");

    store.fail("delete_account", Fault::AfterCommit).await;
    let deleted = node.delete_account(&on.owner, &on.act, ana.id).await;

    assert!(deleted.is_err());
    let ended = node.authenticate_session(cookie).await;
    assert_eq!(ended.err(), Some(AccessError::SessionInvalid));
    assert_eq!(entries_of(&on, "access.delete_account").await, 1);
}

async fn a_revocation_that_does_not_reach_the_store_changes_nothing(on: Fixture) {
    let (store, node) = flaky(&on);
    let created = node.create_token(&on.owner, &on.act, new_token(&["cache:*"]));
    let created = created.await.expect("the owner has the permission");
    let text = created.text.expose();

    store.fail("delete_token", Fault::Before).await;
    let revoked = node
        .revoke_token(&on.owner, &on.act, created.token.id)
        .await;

    assert!(revoked.is_err());
    assert!(node.authenticate_token(text, Via::Api).await.is_ok());
    assert_eq!(entries_of(&on, "access.revoke_token").await, 0);
}

async fn an_unavailable_store_does_not_end_a_principal(on: Fixture) {
    let (store, node) = flaky(&on);
    let created = node.create_token(&on.owner, &on.act, new_token(&["cache:*"]));
    let text = created.await.expect("the owner has the permission").text;
    let principal = node.authenticate_token(text.expose(), Via::Redis).await;
    let principal = principal.expect("the credential is valid");

    on.pass(node.revalidate_every());
    store.fail("token", Fault::Before).await;
    let unknown = node.revalidate(&principal).await;
    store.fail("no such call", Fault::Before).await;
    let known = node.revalidate(&principal).await;

    assert!(matches!(unknown, Err(AccessError::Store(_))));
    assert_eq!(known, Ok(principal));
}

async fn ingest_keys_are_cached(on: Fixture) {
    let (store, node) = flaky(&on);
    let key = node.create_ingest_key(&on.act, "shop").await;
    let key = key.expect("the name is right");

    for _ in 0..100 {
        let found = node.authenticate_ingest_key(&key.key).await;
        assert_eq!(found.map(|found| found.id), Ok(key.id));
    }
    let generation = store.calls("ingest_key").await;
    on.pass(Duration::from_secs(5));
    let later = node.authenticate_ingest_key(&key.key).await;
    let deleted = node.delete_ingest_key(&on.act, key.id).await;
    let refused = node.authenticate_ingest_key(&key.key).await;

    assert_eq!(generation, 1);
    assert!(later.is_ok() && deleted.is_ok());
    assert_eq!(refused.err(), Some(AccessError::IngestKeyInvalid));
}
