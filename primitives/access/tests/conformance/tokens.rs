//! API tokens and ingest keys.

use std::time::Duration;

use futures_util::future::join_all;
use outrigger_access::{AccessError, AccountUpdate, NewToken, Role, TokenExpiry, TokenId};
use outrigger_stdx::{Clock, Via};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, another_node, new_token};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_token_has_the_permissions_of_its_scopes,
        a_token_is_listed_without_its_text,
        a_scope_that_the_caller_lacks_cannot_be_granted,
        every_invalid_field_of_a_new_token_is_reported,
        a_revoked_token_is_rejected_immediately,
        a_token_expires,
        a_token_never_has_more_permissions_than_its_account,
        a_wrong_token_is_refused,
        a_child_token_belongs_to_the_account_of_its_parent,
        the_limit_on_tokens_holds_for_concurrent_calls,
        the_limit_on_ingest_keys_holds_for_concurrent_calls,
        an_expired_token_does_not_count_and_is_deleted_after_a_month,
        the_use_of_a_token_is_recorded_once_a_minute,
        an_ingest_key_works_until_it_is_deleted,
    ]
    .to_vec()
}

async fn a_token_has_the_permissions_of_its_scopes(on: Fixture) {
    let created = on.access.create_token(
        &on.owner,
        &on.act,
        new_token(&["cache:write", "cache:read"]),
    );
    let created = created.await.expect("the owner may do everything");

    let principal = on
        .access
        .authenticate_token(created.text.expose(), Via::Redis)
        .await;

    let principal = principal.expect("the credential is valid");
    assert_eq!(principal.scopes.to_string(), "cache:write");
    assert_eq!(principal.token_id, Some(created.token.id));
    assert_eq!(principal.role, None);
    assert_eq!(principal.actor.label(), "deploy");
    assert_eq!(principal.actor.via, Via::Redis);
    assert_eq!(principal.account_id, on.owner.account_id);
}

async fn a_token_is_listed_without_its_text(on: Fixture) {
    let created = on
        .access
        .create_token(&on.owner, &on.act, new_token(&["cache:read"]))
        .await;
    let created = created.expect("the owner may do everything");

    let listed = on.tokens().await;

    assert_eq!(listed, std::slice::from_ref(&created.token));
    assert!(created.text.expose().starts_with(&created.token.hint));
    assert!(created.text.expose().starts_with("otr_"));
    assert!(created.token.hint.len() < 20);
    assert_eq!(created.token.created_by, "local");
}

async fn a_scope_that_the_caller_lacks_cannot_be_granted(on: Fixture) {
    let operator = on.principal("ana@example.org", Role::Operator).await;
    let admin = on.principal("admin@example.org", Role::Admin).await;

    for (by, scope) in [
        (&operator, "jobs:*"),
        (&operator, "access:read"),
        (&operator, "*"),
        (&admin, "*"),
    ] {
        let refused = on
            .access
            .create_token(by, &on.act, new_token(&["cache:read", scope]))
            .await;
        let scope = scope.parse().expect("the scope is valid");
        assert_eq!(refused.err(), Some(AccessError::MissingScope { scope }));
    }
    let given = on
        .access
        .create_token(&operator, &on.act, new_token(&["cache:write", "jobs:work"]))
        .await;
    assert!(given.is_ok(), "{given:?}");
}

async fn every_invalid_field_of_a_new_token_is_reported(on: Fixture) {
    let new = NewToken {
        name: " ".to_owned(),
        expiry: TokenExpiry::After(Duration::from_secs(1)),
        ..new_token(&["cache:read", "cash:read"])
    };

    let error = on.access.create_token(&on.owner, &on.act, new).await;
    let none = on
        .access
        .create_token(&on.owner, &on.act, new_token(&[]))
        .await;

    let Err(AccessError::Fields { fields }) = error else {
        panic!("{error:?}");
    };
    let found: Vec<_> = fields
        .iter()
        .map(|field| (field.field.as_str(), field.code))
        .collect();
    assert_eq!(
        found,
        [
            ("name", "required"),
            ("scopes.1", "invalid"),
            ("expires_in", "too_short")
        ]
    );
    assert!(matches!(none, Err(AccessError::Fields { .. })));
}

async fn a_revoked_token_is_rejected_immediately(on: Fixture) {
    let other = another_node(&on.store, &on.clock);
    let created = on
        .access
        .create_token(&on.owner, &on.act, new_token(&["cache:read"]))
        .await;
    let created = created.expect("the owner may do everything");
    let text = created.text.expose();
    for node in [&on.access, &other] {
        node.authenticate_token(text, Via::Api)
            .await
            .expect("the credential is valid");
    }

    on.access
        .revoke_token(&on.owner, &on.act, created.token.id)
        .await
        .expect("the object exists");
    let here = on.access.authenticate_token(text, Via::Api).await;
    on.pass(Duration::from_secs(5));
    let there = other.authenticate_token(text, Via::Api).await;

    assert_eq!(here.err(), Some(AccessError::TokenInvalid));
    assert_eq!(there.err(), Some(AccessError::TokenInvalid));
    let again = on
        .access
        .revoke_token(&on.owner, &on.act, created.token.id)
        .await;
    assert_eq!(again, Err(AccessError::NotFound { what: "token" }));
}

async fn a_token_expires(on: Fixture) {
    let mut texts = Vec::new();
    for expiry in [
        TokenExpiry::After(Duration::from_secs(60)),
        TokenExpiry::Usual,
        TokenExpiry::Never,
    ] {
        let new = NewToken {
            expiry,
            ..new_token(&["cache:read"])
        };
        let created = on
            .access
            .create_token(&on.owner, &on.act, new)
            .await
            .expect("the input is valid");
        texts.push(created.text);
    }
    let valid = async || {
        let mut valid = Vec::new();
        for text in &texts {
            let principal = on.access.authenticate_token(text.expose(), Via::Api).await;
            valid.push(principal.is_ok());
        }
        valid
    };

    assert_eq!(valid().await, [true, true, true]);
    on.pass(Duration::from_secs(60));
    assert_eq!(valid().await, [false, true, true]);
    on.pass(DAY * 90);
    assert_eq!(valid().await, [false, false, true]);
}

async fn a_token_never_has_more_permissions_than_its_account(on: Fixture) {
    let admin = on.principal("admin@example.org", Role::Admin).await;
    let created = on
        .access
        .create_token(&admin, &on.act, new_token(&["cache:*", "access:read"]))
        .await;
    let created = created.expect("an admin may");
    let scopes = async || {
        let principal = on
            .access
            .authenticate_token(created.text.expose(), Via::Api)
            .await;
        principal.map(|principal| principal.scopes.to_string())
    };
    let update = async |update: AccountUpdate| {
        let updated = on
            .access
            .update_account(&on.owner, &on.act, admin.account_id, update)
            .await;
        updated.expect("the owner has the permission");
    };

    let before = scopes().await;
    update(AccountUpdate {
        role: Some(Role::Operator),
        ..AccountUpdate::default()
    })
    .await;
    let demoted = scopes().await;
    update(AccountUpdate {
        disabled: Some(true),
        ..AccountUpdate::default()
    })
    .await;
    let disabled = scopes().await;

    assert_eq!(before.as_deref(), Ok("access:read cache:*"));
    assert_eq!(demoted.as_deref(), Ok("cache:write"));
    assert_eq!(disabled, Err(AccessError::TokenInvalid));
}

async fn a_wrong_token_is_refused(on: Fixture) {
    let created = on
        .access
        .create_token(&on.owner, &on.act, new_token(&["cache:read"]))
        .await;
    let created = created.expect("the owner may do everything");
    let right_id = created.token.id.as_uuid().into_bytes();
    let wrong_secret = outrigger_crypto::mint_token(right_id).expect("there is randomness");
    let nobodys_id = TokenId::generate(on.clock.now()).as_uuid().into_bytes();
    let nobodys = outrigger_crypto::mint_token(nobodys_id);
    let nobodys = nobodys.expect("there is randomness");

    for text in [
        "",
        "otr_",
        "hunter2",
        wrong_secret.text.expose(),
        nobodys.text.expose(),
    ] {
        let refused = on.access.authenticate_token(text, Via::Api).await;
        assert_eq!(refused.err(), Some(AccessError::TokenInvalid));
    }
}

async fn a_child_token_belongs_to_the_account_of_its_parent(on: Fixture) {
    let parent = on.access.create_token(
        &on.owner,
        &on.act,
        new_token(&["access:write", "cache:read"]),
    );
    let parent = parent.await.expect("the owner may do everything");
    let by = on
        .access
        .authenticate_token(parent.text.expose(), Via::Api)
        .await;
    let by = by.expect("the credential is valid");

    let child = on
        .access
        .create_token(&by, &on.act, new_token(&["cache:read"]))
        .await;
    let more = on
        .access
        .create_token(&by, &on.act, new_token(&["cache:write"]))
        .await;

    let child = child.expect("the parent has the scope").token;
    assert_eq!(child.account_id, on.owner.account_id);
    assert_eq!(child.created_by, "deploy");
    assert!(matches!(more, Err(AccessError::MissingScope { .. })));
}

async fn the_limit_on_tokens_holds_for_concurrent_calls(on: Fixture) {
    let create = async |_| {
        let new = new_token(&["cache:read"]);
        on.access.create_token(&on.owner, &on.act, new).await
    };

    let created = join_all((0..10).map(create)).await;

    let refused: Vec<_> = created.into_iter().filter_map(Result::err).collect();
    assert_eq!((on.tokens().await.len(), refused.len()), (3, 7));
    for error in refused {
        assert!(error.to_string().contains("tokens_max"), "{error}");
    }
}

async fn the_limit_on_ingest_keys_holds_for_concurrent_calls(on: Fixture) {
    let names: Vec<String> = (0..20).map(|number| format!("key {number}")).collect();

    let created = join_all(
        names
            .iter()
            .map(|name| on.access.create_ingest_key(&on.act, name)),
    )
    .await;

    let refused: Vec<_> = created.into_iter().filter_map(Result::err).collect();
    assert_eq!((on.ingest_keys().await.len(), refused.len()), (12, 8));
    for error in refused {
        assert!(error.to_string().contains("ingest_keys_max"), "{error}");
    }
}

async fn an_expired_token_does_not_count_and_is_deleted_after_a_month(on: Fixture) {
    let create = async |expiry: TokenExpiry| {
        let new = NewToken {
            expiry,
            ..new_token(&["cache:read"])
        };
        on.access
            .create_token(&on.owner, &on.act, new)
            .await
            .map(drop)
    };
    let pruned = async || on.access.prune().await.expect("the store works").tokens;
    // Like the pruner at its start: from then on, the clock is compared with the monotonic clock.
    pruned().await;
    for expiry in [
        TokenExpiry::After(DAY),
        TokenExpiry::After(DAY),
        TokenExpiry::Never,
    ] {
        create(expiry).await.expect("there is capacity");
    }

    on.pass(DAY - Duration::from_secs(1));
    let full = create(TokenExpiry::Usual).await;
    on.pass(Duration::from_secs(1));
    let after_they_expired = create(TokenExpiry::Usual).await;
    assert_eq!(after_they_expired, Ok(()));
    let listed = on.tokens().await.len();
    on.pass(DAY * 30 - Duration::from_secs(1));
    let early = pruned().await;
    on.pass(Duration::from_secs(1));
    let late = pruned().await;

    assert!(matches!(full, Err(AccessError::TooMany { .. })), "{full:?}");
    assert_eq!(listed, 4);
    assert_eq!((early, late), (0, 2));
    assert_eq!(on.tokens().await.len(), 2);
}

async fn the_use_of_a_token_is_recorded_once_a_minute(on: Fixture) {
    let created = on
        .access
        .create_token(&on.owner, &on.act, new_token(&["cache:read"]))
        .await;
    let created = created.expect("the owner may do everything");
    let mut noted = Vec::new();

    for _ in 0..5 {
        let used = on
            .access
            .authenticate_token(created.text.expose(), Via::Api)
            .await;
        used.expect("the credential is valid");
        let tokens = on.tokens().await;
        noted.push(tokens[0].last_used_at);
        on.pass(Duration::from_secs(30));
    }

    assert!(noted.iter().all(Option::is_some));
    noted.dedup();
    assert_eq!(noted.len(), 3, "{noted:?}");
}

async fn an_ingest_key_works_until_it_is_deleted(on: Fixture) {
    let key = on
        .access
        .create_ingest_key(&on.act, "shop")
        .await
        .expect("the name is right");
    assert_eq!(on.ingest_keys().await, vec![key.clone()]);

    let known = on.access.authenticate_ingest_key(&key.key).await;
    let listed = on.ingest_keys().await;
    on.access
        .delete_ingest_key(&on.act, key.id)
        .await
        .expect("the object exists");
    let deleted = on.access.authenticate_ingest_key(&key.key).await;

    assert_eq!(known.map(|known| known.id), Ok(key.id));
    assert!(listed[0].last_used_at.is_some());
    assert_eq!(deleted, Err(AccessError::IngestKeyInvalid));
    assert!(on.access.delete_ingest_key(&on.act, key.id).await.is_err());
    assert!(on.access.create_ingest_key(&on.act, "").await.is_err());
    assert_eq!(key.key.len(), 32);
}
