//! Limits on permissions: callers cannot change what belongs to accounts with more permissions, and a credential never
//! outlives or exceeds the one that created it.

use std::time::Duration;

use outrigger_access::{AccessError, AccountUpdate, NewToken, Principal, Role, Token, TokenExpiry};
use outrigger_stdx::{Secret, Via};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, new_token};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        an_admin_cannot_change_anything_of_an_owner,
        a_token_cannot_change_anything_of_an_account_with_more_permissions,
        a_promotion_in_between_protects_the_account,
        accounts_can_see_and_end_their_own_sessions_and_tokens,
        a_token_can_see_and_end_only_itself,
        a_child_of_an_expiring_token_expires_no_later,
        a_token_ends_with_its_parent,
        a_revoked_token_cannot_create_another,
        signing_in_keeps_the_cached_credentials_of_others,
    ]
    .to_vec()
}

async fn token(on: &Fixture, by: &Principal, scopes: &[&str]) -> (Token, Secret) {
    token_for(on, by, scopes, TokenExpiry::Usual).await
}

async fn token_for(
    on: &Fixture,
    by: &Principal,
    scopes: &[&str],
    expiry: TokenExpiry,
) -> (Token, Secret) {
    let new = NewToken {
        expiry,
        ..new_token(scopes)
    };
    let created = on.access.create_token(by, &on.act, new).await;
    let created = created.expect("the caller has the permission");
    (created.token, created.text)
}

async fn acting_with(on: &Fixture, text: &Secret) -> Principal {
    let principal = on.access.authenticate_token(text.expose(), Via::Api).await;
    principal.expect("the credential is valid")
}

fn above<T>(result: &Result<T, AccessError>) -> bool {
    matches!(result, Err(AccessError::RoleAbove { role: Role::Owner }))
}

async fn an_admin_cannot_change_anything_of_an_owner(on: Fixture) {
    let admin = on.principal("admin@example.org", Role::Admin).await;
    let owner = on.principal("owner@example.org", Role::Owner).await;
    let (theirs, _) = token(&on, &owner, &["cache:read"]).await;
    let session = owner.session_id.expect("the principal has a session");
    let update = AccountUpdate {
        disabled: Some(true),
        ..AccountUpdate::default()
    };

    let (access, act, id) = (&on.access, &on.act, owner.account_id);
    assert!(above(&access.end_session(&admin, act, session).await));
    assert!(above(&access.revoke_token(&admin, act, theirs.id).await));
    assert!(above(&access.update_account(&admin, act, id, update).await));
    assert!(above(&access.delete_account(&admin, act, id).await));
    assert!(above(
        &access.create_login_link(&admin, act, Some(id)).await
    ));
    assert!(access.revalidate(&owner).await.is_ok());
    assert_eq!(on.tokens().await.len(), 1);
}

async fn a_token_cannot_change_anything_of_an_account_with_more_permissions(on: Fixture) {
    let (_, text) = token(&on, &on.owner, &["access:write"]).await;
    let program = acting_with(&on, &text).await;
    let (other, _) = token(&on, &on.owner, &["cache:read"]).await;
    let owner = on.principal("owner@example.org", Role::Owner).await;
    let session = owner.session_id.expect("the principal has a session");

    let ended = on.access.end_session(&program, &on.act, session).await;
    let revoked = on.access.revoke_token(&program, &on.act, other.id).await;

    assert!(above(&ended) && above(&revoked));
}

async fn a_promotion_in_between_protects_the_account(on: Fixture) {
    let admin = on.principal("admin@example.org", Role::Admin).await;

    for round in 0..10 {
        let email = format!("a{round}@example.org");
        let account = on.account(&email, Role::Viewer).await;
        let promote = AccountUpdate {
            role: Some(Role::Owner),
            ..AccountUpdate::default()
        };
        let (promoted, deleted) = tokio::join!(
            on.access
                .update_account(&on.owner, &on.act, account.id, promote),
            on.access.delete_account(&admin, &on.act, account.id),
        );

        match deleted {
            // The demotion ran first, so there was no account to promote.
            Ok(()) => {
                let gone = AccessError::NotFound { what: "account" };
                assert_eq!(promoted.err(), Some(gone));
            }
            refused => assert!(above(&refused) && promoted.is_ok()),
        }
    }
}

async fn accounts_can_see_and_end_their_own_sessions_and_tokens(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let (here, elsewhere) = (on.sign_in(&ana).await, on.sign_in(&ana).await);
    let me = on.access.authenticate_session(here.cookie.expose()).await;
    let me = me.expect("the credential is valid");
    let (mine, _) = token(&on, &me, &["cache:read"]).await;
    let stranger = on.principal("ben@example.org", Role::Viewer).await;
    let (strangers, _) = token(&on, &stranger, &["cache:read"]).await;
    let strangers_session = stranger.session_id.expect("the principal has a session");
    let (access, act) = (&on.access, &on.act);

    let sessions = access.own_sessions(&me, None, 10).await;
    let tokens = access.own_tokens(&me, None, 10).await;
    let ended = access.end_own_session(&me, act, elsewhere.session.id).await;
    let revoked = access.revoke_own_token(&me, act, mine.id).await;
    let others = [
        access.end_own_session(&me, act, strangers_session).await,
        access.revoke_own_token(&me, act, strangers.id).await,
        access.end_session(&me, act, strangers_session).await,
    ];
    // Even an owner cannot end the sessions of others as their own.
    let as_own = access.end_own_session(&on.owner, act, strangers_session);
    let as_own = as_own.await;

    assert_eq!(sessions.expect("the store works").items.len(), 2);
    assert_eq!(tokens.expect("the store works").items, [mine]);
    assert_eq!((ended, revoked), (Ok(()), Ok(())));
    for refused in others.into_iter().chain([as_own]) {
        assert!(
            matches!(refused, Err(AccessError::NotFound { .. })),
            "{refused:?}"
        );
    }
}

async fn a_token_can_see_and_end_only_itself(on: Fixture) {
    let ana = on.principal("ana@example.org", Role::Viewer).await;
    let (itself, text) = token(&on, &ana, &["cache:read"]).await;
    let (other, _) = token(&on, &ana, &["cache:read"]).await;
    let program = acting_with(&on, &text).await;
    let session = ana.session_id.expect("the principal has a session");
    let (access, act) = (&on.access, &on.act);

    let sessions = access.own_sessions(&program, None, 10).await;
    let tokens = access.own_tokens(&program, None, 10).await;
    let ended = access.end_session(&program, act, session).await;
    let revoked = access.revoke_own_token(&program, act, other.id).await;
    let ends_itself = access.revoke_own_token(&program, act, itself.id).await;

    assert_eq!(ended, Err(AccessError::NotFound { what: "session" }));
    assert_eq!(revoked, Err(AccessError::NotFound { what: "token" }));
    assert_eq!(ends_itself, Ok(()));
    assert_eq!(sessions.expect("the store works").items, []);
    let seen: Vec<_> = tokens
        .expect("the store works")
        .items
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(seen, [itself.id]);
}

async fn a_child_of_an_expiring_token_expires_no_later(on: Fixture) {
    let expiry = TokenExpiry::After(HOUR);
    let (parent, text) = token_for(&on, &on.owner, &["*"], expiry).await;
    let program = acting_with(&on, &text).await;
    let ask = async |expiry| {
        let new = NewToken {
            expiry,
            ..new_token(&["cache:read"])
        };
        let created = on.access.create_token(&program, &on.act, new).await;
        created.map(|created| created.token)
    };

    let usual = ask(TokenExpiry::Usual).await.expect("the input is valid");
    let sooner = ask(TokenExpiry::After(HOUR / 2)).await;
    let later = ask(TokenExpiry::After(HOUR * 2)).await;
    let never = ask(TokenExpiry::Never).await;

    assert_eq!(usual.expires_at, parent.expires_at);
    assert!(sooner.expect("the input is valid").expires_at < parent.expires_at);
    for refused in [later, never] {
        let Err(AccessError::Fields { fields }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (fields[0].field.as_str(), fields[0].code),
            ("expires_in", "too_long")
        );
    }
}

async fn a_token_ends_with_its_parent(on: Fixture) {
    let (parent, text) = token(&on, &on.owner, &["*"]).await;
    let (child, child_text) = token(&on, &acting_with(&on, &text).await, &["*"]).await;
    let child_program = acting_with(&on, &child_text).await;
    let (_, grandchild) = token(&on, &child_program, &["cache:read"]).await;
    acting_with(&on, &grandchild).await;
    let ana = on.principal("ana@example.org", Role::Viewer).await;
    let (unrelated, _) = token(&on, &ana, &["cache:read"]).await;

    let revoked = on.access.revoke_token(&on.owner, &on.act, parent.id).await;

    assert_eq!(child.parent_id, Some(parent.id));
    assert_eq!(revoked, Ok(()));
    for text in [&text, &child_text, &grandchild] {
        let refused = on.access.authenticate_token(text.expose(), Via::Api).await;
        assert_eq!(refused.err(), Some(AccessError::TokenInvalid));
    }
    assert_eq!(on.tokens().await, [unrelated]);
}

async fn a_revoked_token_cannot_create_another(on: Fixture) {
    let (parent, text) = token(&on, &on.owner, &["*"]).await;
    let program = acting_with(&on, &text).await;
    let revoked = on.access.revoke_token(&on.owner, &on.act, parent.id).await;
    revoked.expect("the object exists");

    // Acts like a request that was admitted just before the revocation.
    let made = on
        .access
        .create_token(&program, &on.act, new_token(&["cache:read"]))
        .await;

    assert_eq!(made.err(), Some(AccessError::TokenInvalid));
    assert_eq!(on.tokens().await, []);
}

async fn signing_in_keeps_the_cached_credentials_of_others(on: Fixture) {
    let (mine, text) = token(&on, &on.owner, &["cache:read"]).await;
    acting_with(&on, &text).await;

    on.principal("ana@example.org", Role::Viewer).await;
    // Deleted directly in the database, so that only the cache still accepts it.
    on.delete_token_directly(mine.id).await;

    let cached = on.access.authenticate_token(text.expose(), Via::Api).await;
    assert!(cached.is_ok());
}
