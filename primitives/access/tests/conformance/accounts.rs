//! Accounts.

use std::time::Duration;

use futures_util::future::join_all;
use outrigger_access::{AccessError, AccountUpdate, ClientInfo, NewAccount, OwnUpdate, Role};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, PASSWORD, browser, new_account, secret};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        every_statement_can_be_prepared,
        an_account_is_listed_as_it_was_created,
        the_id_of_an_account_carries_the_time_at_which_it_was_created,
        an_address_that_differs_only_in_case_is_taken,
        the_limit_on_accounts_holds_for_concurrent_calls,
        every_invalid_field_of_a_new_account_is_reported,
        a_role_above_the_callers_own_cannot_be_assigned,
        an_account_above_the_callers_own_role_cannot_be_changed,
        the_last_owner_cannot_be_removed,
        two_owners_cannot_demote_each_other_concurrently,
        a_disabled_account_is_signed_out_and_cannot_sign_in,
        a_new_password_ends_the_other_sessions,
        a_new_password_needs_the_current_one,
        guessing_the_current_password_is_throttled,
        a_forgotten_password_can_be_replaced_after_a_login_link,
        the_owner_is_set_up_without_a_current_password,
        deleting_an_account_deletes_its_sessions_and_tokens,
        missing_objects_return_not_found,
    ]
    .to_vec()
}

async fn every_statement_can_be_prepared(on: Fixture) {
    assert!(
        on.broken_statements.is_empty(),
        "{:?}",
        on.broken_statements
    );
}

async fn the_limit_on_accounts_holds_for_concurrent_calls(on: Fixture) {
    let create = async |number: usize| {
        let new = new_account(&format!("a{number}@example.org"), Role::Viewer);
        on.access.create_account(&on.owner, &on.act, new).await
    };

    let created = join_all((0..20).map(create)).await;

    // The owner is one of the twelve.
    let (made, refused): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 11);
    for error in refused {
        let error = error.expect_err("the limit is reached");
        assert!(error.to_string().contains("accounts_max"), "{error}");
    }
}

async fn an_account_is_listed_as_it_was_created(on: Fixture) {
    let new = NewAccount {
        name: Some(" Ana Kealoha ".to_owned()),
        ..new_account("Ana@Example.org", Role::Operator)
    };

    let made = on
        .access
        .create_account(&on.owner, &on.act, new)
        .await
        .expect("the address is free");
    let listed = on.accounts().await;

    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1], made);
    assert_eq!(made.name, "Ana Kealoha");
    assert_eq!(made.label(), "Ana@Example.org");
    assert_eq!(made.role, Role::Operator);
    assert!(!made.disabled && !made.has_password && made.last_login_at.is_none());
    assert!(made.setup_required());
}

async fn the_id_of_an_account_carries_the_time_at_which_it_was_created(on: Fixture) {
    on.clock.advance(Duration::from_secs(60));

    let account = on.account("ana@example.org", Role::Viewer).await;

    let time = account.id.as_uuid().get_timestamp();
    let (seconds, _) = time.expect("it is of version 7").to_unix();
    assert_eq!(account.created_at, on.clock.now());
    assert_eq!(i64::try_from(seconds), Ok(account.created_at.as_second()));
}

async fn an_address_that_differs_only_in_case_is_taken(on: Fixture) {
    on.account("ana@example.org", Role::Viewer).await;

    let again = on.access.create_account(
        &on.owner,
        &on.act,
        new_account("ANA@example.ORG", Role::Viewer),
    );

    assert_eq!(again.await.err(), Some(AccessError::EmailTaken));
}

async fn every_invalid_field_of_a_new_account_is_reported(on: Fixture) {
    let new = NewAccount {
        name: Some("x".repeat(101)),
        password: Some(secret("password")),
        ..new_account("ana", Role::Viewer)
    };

    let error = on.access.create_account(&on.owner, &on.act, new).await;

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
            ("email", "invalid"),
            ("name", "too_long"),
            ("password", "too_weak")
        ]
    );
}

async fn a_role_above_the_callers_own_cannot_be_assigned(on: Fixture) {
    let admin = on.principal("admin@example.org", Role::Admin).await;
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let above = Some(AccessError::RoleAbove { role: Role::Owner });

    let made =
        on.access
            .create_account(&admin, &on.act, new_account("new@example.org", Role::Owner));
    assert_eq!(made.await.err(), above);
    let promote = AccountUpdate {
        role: Some(Role::Owner),
        ..AccountUpdate::default()
    };
    let promoted = on
        .access
        .update_account(&admin, &on.act, ana.id, promote)
        .await;
    assert_eq!(promoted.err(), above);
    let equal =
        on.access
            .create_account(&admin, &on.act, new_account("new@example.org", Role::Admin));
    assert!(equal.await.is_ok());
}

async fn an_account_above_the_callers_own_role_cannot_be_changed(on: Fixture) {
    let admin = on.principal("admin@example.org", Role::Admin).await;
    let owner = on.account("owner@example.org", Role::Owner).await;
    let above = Some(AccessError::RoleAbove { role: Role::Owner });

    let disable = AccountUpdate {
        disabled: Some(true),
        ..AccountUpdate::default()
    };
    assert_eq!(
        on.access
            .update_account(&admin, &on.act, owner.id, disable)
            .await
            .err(),
        above
    );
    assert_eq!(
        on.access
            .delete_account(&admin, &on.act, owner.id)
            .await
            .err(),
        above
    );
    let link = on
        .access
        .create_login_link(&admin, &on.act, Some(owner.id))
        .await;
    assert_eq!(link.err(), above);
}

async fn the_last_owner_cannot_be_removed(on: Fixture) {
    let id = on.owner.account_id;
    let update = |role, disabled| AccountUpdate {
        role,
        disabled,
        name: None,
    };

    for change in [update(Some(Role::Admin), None), update(None, Some(true))] {
        let changed = on
            .access
            .update_account(&on.owner, &on.act, id, change)
            .await;
        assert_eq!(changed.err(), Some(AccessError::LastOwner));
    }
    let deleted = on.access.delete_account(&on.owner, &on.act, id).await;
    assert_eq!(deleted.err(), Some(AccessError::LastOwner));
    let unchanged = on.access.account(id).await.expect("the object exists");
    assert!(unchanged.role == Role::Owner && !unchanged.disabled);

    on.account("second@example.org", Role::Owner).await;
    assert!(
        on.access
            .delete_account(&on.owner, &on.act, id)
            .await
            .is_ok()
    );
}

async fn two_owners_cannot_demote_each_other_concurrently(on: Fixture) {
    let second = on.account("second@example.org", Role::Owner).await;
    let demote = AccountUpdate {
        role: Some(Role::Viewer),
        ..AccountUpdate::default()
    };

    let (one, other) = tokio::join!(
        on.access
            .update_account(&on.owner, &on.act, on.owner.account_id, demote.clone()),
        on.access
            .update_account(&on.owner, &on.act, second.id, demote),
    );

    let outcomes = [one.map(drop), other.map(drop)];
    assert!(outcomes.contains(&Ok(())), "{outcomes:?}");
    assert!(
        outcomes.contains(&Err(AccessError::LastOwner)),
        "{outcomes:?}"
    );
}

async fn a_disabled_account_is_signed_out_and_cannot_sign_in(on: Fixture) {
    let ana = on
        .account_with_password("ana@example.org", Role::Viewer)
        .await;
    let signed_in = on.sign_in(&ana).await;
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, Some(ana.id))
        .await;
    let link = link.expect("the account can log in");

    let disable = AccountUpdate {
        disabled: Some(true),
        ..AccountUpdate::default()
    };
    on.access
        .update_account(&on.owner, &on.act, ana.id, disable)
        .await
        .expect("the caller has the permission");

    let session = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    assert_eq!(session.err(), Some(AccessError::SessionInvalid));
    let redeemed = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &browser())
        .await;
    assert_eq!(redeemed.err(), Some(AccessError::LinkInvalid));
    let logged_in = on
        .access
        .log_in(&on.act, "ana@example.org", secret(PASSWORD), &browser())
        .await;
    assert_eq!(logged_in.err(), Some(AccessError::BadCredentials));
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, Some(ana.id))
        .await;
    assert!(matches!(link.err(), Some(AccessError::NotFound { .. })));
}

async fn a_new_password_ends_the_other_sessions(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;
    let (here, elsewhere) = (on.sign_in(&ana).await, on.sign_in(&ana).await);
    let me = on
        .access
        .authenticate_session(here.cookie.expose())
        .await
        .expect("the credential is valid");
    on.access
        .authenticate_session(elsewhere.cookie.expose())
        .await
        .expect("the credential is valid");

    let update = OwnUpdate {
        new_password: Some(secret(PASSWORD)),
        ..OwnUpdate::default()
    };
    let updated = on
        .access
        .update_own(&me, &on.act, update, browser().address)
        .await
        .expect("there was none before");

    assert!(updated.has_password);
    assert!(
        on.access
            .authenticate_session(here.cookie.expose())
            .await
            .is_ok()
    );
    let ended = on
        .access
        .authenticate_session(elsewhere.cookie.expose())
        .await;
    assert_eq!(ended.err(), Some(AccessError::SessionInvalid));
    assert!(
        on.access
            .log_in(&on.act, "ana@example.org", secret(PASSWORD), &browser())
            .await
            .is_ok()
    );
}

async fn a_new_password_needs_the_current_one(on: Fixture) {
    on.account_with_password("ana@example.org", Role::Viewer)
        .await;
    let signed_in = on
        .access
        .log_in(&on.act, "ana@example.org", secret(PASSWORD), &browser())
        .await;
    let signed_in = signed_in.expect("the password is right");
    let me = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    let me = me.expect("the credential is valid");
    let update = |current: Option<&str>| OwnUpdate {
        new_password: Some(secret("nine paddles under the old pier")),
        current_password: current.map(secret),
        ..OwnUpdate::default()
    };

    let missing = on
        .access
        .update_own(&me, &on.act, update(None), browser().address)
        .await;
    let wrong = on
        .access
        .update_own(&me, &on.act, update(Some("a guess")), browser().address)
        .await;
    let right = on
        .access
        .update_own(&me, &on.act, update(Some(PASSWORD)), browser().address)
        .await;

    assert!(
        matches!(missing, Err(AccessError::Fields { .. })),
        "{missing:?}"
    );
    assert_eq!(wrong.err(), Some(AccessError::CurrentPasswordWrong));
    assert!(right.is_ok(), "{right:?}");
}

async fn guessing_the_current_password_is_throttled(on: Fixture) {
    on.account_with_password("ana@example.org", Role::Viewer)
        .await;
    let stolen = on
        .access
        .log_in(&on.act, "Ana@example.org", secret(PASSWORD), &browser())
        .await
        .expect("the password is right");
    let me = on
        .access
        .authenticate_session(stolen.cookie.expose())
        .await
        .expect("the credential is valid");
    let update = async |current: &str| {
        let update = OwnUpdate {
            email: Some("ana@example.org".to_owned()),
            current_password: Some(secret(current)),
            ..OwnUpdate::default()
        };
        on.access
            .update_own(&me, &on.act, update, browser().address)
            .await
    };

    let mut guesses = Vec::new();
    for _ in 0..5 {
        guesses.push(update("a guess").await.err());
    }
    let sixth = update("a guess").await.err();
    let stranger = ClientInfo {
        address: [203, 0, 113, 1].into(),
        ..browser()
    };
    let at_the_door = on
        .access
        .log_in(&on.act, "ana@example.org", secret(PASSWORD), &stranger)
        .await
        .err();
    // The address is known for the account, so failures of others cannot lock its owner out here.
    let right = update(PASSWORD).await;
    on.pass(Duration::from_secs(1));
    let waited = update("a guess").await.err();

    assert_eq!(guesses, vec![Some(AccessError::CurrentPasswordWrong); 5]);
    for refused in [sixth, at_the_door] {
        assert!(
            matches!(refused, Some(AccessError::Throttled { .. })),
            "{refused:?}"
        );
    }
    assert!(right.is_ok(), "{right:?}");
    assert_eq!(waited, Some(AccessError::CurrentPasswordWrong));
}

async fn a_forgotten_password_can_be_replaced_after_a_login_link(on: Fixture) {
    let ana = on
        .account_with_password("ana@example.org", Role::Viewer)
        .await;
    let signed_in = on.sign_in(&ana).await;
    let me = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    let me = me.expect("the credential is valid");
    let update = || OwnUpdate {
        new_password: Some(secret("nine paddles under the old pier")),
        ..OwnUpdate::default()
    };

    let soon = on
        .access
        .update_own(&me, &on.act, update(), browser().address)
        .await;
    on.pass(Duration::from_secs(30 * 60));
    let late = on
        .access
        .update_own(&me, &on.act, update(), browser().address)
        .await;

    assert!(soon.is_ok(), "{soon:?}");
    assert!(matches!(late, Err(AccessError::Fields { .. })), "{late:?}");
}

async fn the_owner_is_set_up_without_a_current_password(on: Fixture) {
    let local = on.access.owner().await.expect("an owner exists");
    let signed_in = on.sign_in(&local).await;
    assert!(signed_in.account.setup_required());
    let me = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;

    let update = OwnUpdate {
        email: Some("ana@example.org".to_owned()),
        name: Some("Ana".to_owned()),
        new_password: Some(secret(PASSWORD)),
        current_password: None,
    };
    let updated = on
        .access
        .update_own(
            &me.expect("the credential is valid"),
            &on.act,
            update,
            browser().address,
        )
        .await;

    let updated = updated.expect("nothing was set before");
    assert!(!updated.setup_required());
    assert_eq!(updated.label(), "ana@example.org");
    let session = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    assert_eq!(
        session.expect("it is kept").actor.label(),
        "ana@example.org"
    );
}

async fn deleting_an_account_deletes_its_sessions_and_tokens(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Admin).await;
    let signed_in = on.sign_in(&ana).await;

    on.access
        .delete_account(&on.owner, &on.act, ana.id)
        .await
        .expect("the caller has the permission");

    let session = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    assert_eq!(session.err(), Some(AccessError::SessionInvalid));
    assert!(on.sessions(None).await.is_empty());
    on.account("ana@example.org", Role::Viewer).await;
}

async fn missing_objects_return_not_found(on: Fixture) {
    let nobody = outrigger_access::AccountId::generate(on.clock.now());
    let found = Some(AccessError::NotFound { what: "account" });

    assert_eq!(on.access.account(nobody).await.err(), found);
    assert_eq!(
        on.access
            .delete_account(&on.owner, &on.act, nobody)
            .await
            .err(),
        found
    );
    let update = AccountUpdate::default();
    assert_eq!(
        on.access
            .update_account(&on.owner, &on.act, nobody, update)
            .await
            .err(),
        found
    );
}
