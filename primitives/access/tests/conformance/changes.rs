//! Holders of a long-lived principal are notified when it ends.

use std::{future::Future, time::Duration};

use outrigger_access::{AccessError, AccountUpdate, NewToken, Principal, Role, TokenExpiry};
use outrigger_stdx::Via;
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, another_node, new_token};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        every_change_is_signalled_and_ends_the_principal,
        a_demotion_reduces_the_permissions_of_a_principal,
        a_change_before_the_wait_is_not_missed,
        a_principal_ends_when_it_expires,
        a_change_on_another_node_is_found_by_periodic_revalidation,
        the_control_socket_stays_valid,
        the_text_of_a_cached_token_is_not_accepted_as_a_cookie,
    ]
    .to_vec()
}

/// Runs `change` while a receiver waits for a signal.
async fn signalled(on: &Fixture, change: impl Future<Output = ()>) {
    let mut changes = on.access.changes();
    assert!(!changes.has_changed());
    let ((), ()) = tokio::join!(changes.changed(), change);
}

async fn with_token(on: &Fixture, by: &Principal) -> Principal {
    let created = on
        .access
        .create_token(by, &on.act, new_token(&["cache:*"]))
        .await;
    let created = created.expect("the caller has the permission");
    let principal = on
        .access
        .authenticate_token(created.text.expose(), Via::Redis);
    principal.await.expect("the credential is valid")
}

async fn every_change_is_signalled_and_ends_the_principal(on: Fixture) {
    let revoked = with_token(&on, &on.owner).await;
    let ended = on.principal("ana@example.org", Role::Admin).await;
    let signed_out = on.principal("ben@example.org", Role::Admin).await;
    let of_disabled = on.principal("cai@example.org", Role::Admin).await;
    let token_of_disabled = with_token(&on, &of_disabled).await;
    let of_deleted = on.principal("dan@example.org", Role::Admin).await;
    let token_of_deleted = with_token(&on, &of_deleted).await;

    signalled(&on, async {
        let id = revoked.token_id.expect("the principal has a token");
        on.access
            .revoke_token(&on.owner, &on.act, id)
            .await
            .expect("the object exists");
    })
    .await;
    signalled(&on, async {
        let id = ended.session_id.expect("the principal has a session");
        let end = on.access.end_session(&on.owner, &on.act, id).await;
        end.expect("the object exists");
    })
    .await;
    signalled(&on, async {
        let out = on.access.log_out(&signed_out, &on.act).await;
        out.expect("the store works");
    })
    .await;
    signalled(&on, async {
        let update = AccountUpdate {
            disabled: Some(true),
            ..AccountUpdate::default()
        };
        let disable = on
            .access
            .update_account(&on.owner, &on.act, of_disabled.account_id, update);
        disable.await.expect("the owner has the permission");
    })
    .await;
    signalled(&on, async {
        let delete = on
            .access
            .delete_account(&on.owner, &on.act, of_deleted.account_id);
        delete.await.expect("the owner has the permission");
    })
    .await;

    for (principal, error) in [
        (&revoked, AccessError::TokenInvalid),
        (&ended, AccessError::SessionInvalid),
        (&signed_out, AccessError::SessionInvalid),
        (&of_disabled, AccessError::SessionInvalid),
        (&token_of_disabled, AccessError::TokenInvalid),
        (&of_deleted, AccessError::SessionInvalid),
        (&token_of_deleted, AccessError::TokenInvalid),
    ] {
        assert_eq!(on.access.revalidate(principal).await.err(), Some(error));
    }
}

async fn a_demotion_reduces_the_permissions_of_a_principal(on: Fixture) {
    let admin = on.principal("ana@example.org", Role::Admin).await;
    let token = with_token(&on, &admin).await;

    signalled(&on, async {
        let update = AccountUpdate {
            role: Some(Role::Operator),
            ..AccountUpdate::default()
        };
        let demoted = on
            .access
            .update_account(&on.owner, &on.act, admin.account_id, update);
        demoted.await.expect("the owner has the permission");
    })
    .await;

    let session = on
        .access
        .revalidate(&admin)
        .await
        .expect("the principal is valid");
    let token = on
        .access
        .revalidate(&token)
        .await
        .expect("the principal is valid");
    assert_eq!(session.role, Some(Role::Operator));
    assert_eq!(token.scopes.to_string(), "cache:write");
    assert_eq!(token.actor.via, Via::Redis);
}

async fn a_change_before_the_wait_is_not_missed(on: Fixture) {
    let mut changes = on.access.changes();
    let token = with_token(&on, &on.owner).await;

    let id = token.token_id.expect("the principal has a token");
    on.access
        .revoke_token(&on.owner, &on.act, id)
        .await
        .expect("the object exists");

    assert!(changes.has_changed());
    changes.changed().await;
    assert!(!changes.has_changed());
}

async fn a_principal_ends_when_it_expires(on: Fixture) {
    let new = NewToken {
        expiry: TokenExpiry::After(Duration::from_secs(61)),
        ..new_token(&["cache:*"])
    };
    let created = on.access.create_token(&on.owner, &on.act, new).await;
    let text = created.expect("the owner has the permission").text;
    let token = on
        .access
        .authenticate_token(text.expose(), Via::Redis)
        .await;
    let token = token.expect("the credential is valid");

    on.pass(Duration::from_secs(60));
    let before = on.access.revalidate(&token).await;
    on.pass(Duration::from_secs(1));
    let after = on.access.revalidate(&token).await;

    assert!(before.is_ok());
    assert_eq!(after.err(), Some(AccessError::TokenInvalid));
}

async fn a_change_on_another_node_is_found_by_periodic_revalidation(on: Fixture) {
    let other = another_node(&on.store, &on.clock);
    let token = with_token(&on, &on.owner).await;
    other
        .revalidate(&token)
        .await
        .expect("the credential is valid");

    let id = token.token_id.expect("the principal has a token");
    on.access
        .revoke_token(&on.owner, &on.act, id)
        .await
        .expect("the object exists");
    on.pass(other.revalidate_every());

    let there = other.revalidate(&token).await;
    assert_eq!(there.err(), Some(AccessError::TokenInvalid));
}

async fn the_control_socket_stays_valid(on: Fixture) {
    let again = on.access.revalidate(&on.owner).await;

    assert_eq!(again.as_ref(), Ok(&on.owner));
}

async fn the_text_of_a_cached_token_is_not_accepted_as_a_cookie(on: Fixture) {
    let created = on
        .access
        .create_token(&on.owner, &on.act, new_token(&["cache:read"]))
        .await;
    let text = created.expect("the owner has the permission").text;
    let used = on.access.authenticate_token(text.expose(), Via::Api).await;
    used.expect("the credential is valid");

    let as_cookie = on.access.authenticate_session(text.expose()).await;

    assert_eq!(as_cookie.err(), Some(AccessError::SessionInvalid));
}
