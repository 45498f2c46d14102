//! Logging in.

use std::time::Duration;

use outrigger_access::{AccessError, ClientInfo, Role};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, PASSWORD, browser, secret};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        the_right_password_begins_a_session,
        all_wrong_credentials_return_the_same_error,
        too_many_wrong_passwords_are_throttled,
        a_login_link_works_once,
        only_one_of_two_browsers_redeems_a_login_link,
        guessing_login_links_is_throttled,
        a_login_link_expires_after_half_an_hour,
        a_login_link_without_an_account_is_for_the_owner,
        a_session_above_the_limit_ends_the_oldest,
    ]
    .to_vec()
}

async fn the_right_password_begins_a_session(on: Fixture) {
    let ana = on
        .account_with_password("ana@example.org", Role::Operator)
        .await;

    let signed_in = on
        .access
        .log_in(&on.act, " ANA@example.org", secret(PASSWORD), &browser())
        .await;
    let signed_in = signed_in.expect("the password is right");
    let principal = on
        .access
        .authenticate_session(signed_in.cookie.expose())
        .await;
    let principal = principal.expect("the session is fresh");

    assert_eq!(signed_in.cookie.expose().len(), 52);
    assert_eq!(signed_in.session.address, "192.0.2.7");
    assert_eq!(principal.account_id, ana.id);
    assert_eq!(principal.session_id, Some(signed_in.session.id));
    assert_eq!(principal.role, Some(Role::Operator));
    assert_eq!(principal.scopes, Role::Operator.scopes());
    assert_eq!(principal.expires_at, Some(signed_in.session.expires_at));
    assert_eq!(principal.actor.label(), "ana@example.org");
    let account = on.access.account(ana.id).await.expect("the object exists");
    assert_eq!(account.last_login_at, Some(signed_in.session.created_at));
}

async fn all_wrong_credentials_return_the_same_error(on: Fixture) {
    on.account_with_password("ana@example.org", Role::Viewer)
        .await;
    on.account("ben@example.org", Role::Viewer).await;

    for (email, password) in [
        ("ana@example.org", "a guess"),
        ("ana@example.org", ""),
        ("ana@example.org", &"x".repeat(5000)),
        ("ben@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("", ""),
    ] {
        let refused = on
            .access
            .log_in(&on.act, email, secret(password), &browser())
            .await;
        assert_eq!(refused.err(), Some(AccessError::BadCredentials), "{email}");
    }
}

async fn too_many_wrong_passwords_are_throttled(on: Fixture) {
    on.account_with_password("ana@example.org", Role::Viewer)
        .await;
    let log_in = async |password: &str| {
        let signed_in = on
            .access
            .log_in(&on.act, "ana@example.org", secret(password), &browser())
            .await;
        signed_in.map(drop)
    };

    for _ in 0..5 {
        assert_eq!(log_in("a guess").await, Err(AccessError::BadCredentials));
    }
    let throttled = log_in(PASSWORD).await;
    on.pass(Duration::from_secs(1));
    let waited = log_in(PASSWORD).await;

    let retry_after = Duration::from_secs(1);
    assert_eq!(throttled, Err(AccessError::Throttled { retry_after }));
    assert_eq!(waited, Ok(()));
    assert_eq!(log_in("a guess").await, Err(AccessError::BadCredentials));
}

async fn a_login_link_works_once(on: Fixture) {
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");

    let first = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &browser())
        .await;
    let replayed = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &browser())
        .await;
    let guessed = on
        .access
        .redeem_login_link(&on.act, "00000000000000000000000000", &browser())
        .await;

    assert_eq!(link.code.expose().len(), 26);
    assert_eq!(
        first.expect("the credential is valid").account.id,
        on.owner.account_id
    );
    assert_eq!(replayed.err(), Some(AccessError::LinkInvalid));
    assert_eq!(guessed.err(), Some(AccessError::LinkInvalid));
}

async fn guessing_login_links_is_throttled(on: Fixture) {
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("the owner exists");
    let mut refusals = Vec::new();
    for guess in 0..20 {
        let code = format!("{guess:026}");
        refusals.push(
            on.access
                .redeem_login_link(&on.act, &code, &browser())
                .await,
        );
    }

    let right = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &browser())
        .await;

    assert!(matches!(refusals[0], Err(AccessError::LinkInvalid)));
    assert!(matches!(refusals[19], Err(AccessError::Throttled { .. })));
    // A link is the way in for people who are locked out, and its code cannot be guessed.
    assert!(right.is_ok());
}

async fn only_one_of_two_browsers_redeems_a_login_link(on: Fixture) {
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");
    let client = browser();

    let (one, two) = tokio::join!(
        on.access
            .redeem_login_link(&on.act, link.code.expose(), &client),
        on.access
            .redeem_login_link(&on.act, link.code.expose(), &client),
    );

    assert!(one.is_ok() != two.is_ok());
}

async fn a_login_link_expires_after_half_an_hour(on: Fixture) {
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");
    let other = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");

    on.pass(Duration::from_secs(30 * 60 - 1));
    let in_time = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &browser())
        .await;
    on.pass(Duration::from_secs(1));
    let late = on
        .access
        .redeem_login_link(&on.act, other.code.expose(), &browser())
        .await;

    assert!(in_time.is_ok());
    assert_eq!(late.err(), Some(AccessError::LinkInvalid));
}

async fn a_login_link_without_an_account_is_for_the_owner(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;

    let owners = on.access.create_login_link(&on.owner, &on.act, None).await;
    let hers = on
        .access
        .create_login_link(&on.owner, &on.act, Some(ana.id))
        .await;

    assert_eq!(owners.map(|link| link.account_id), Ok(on.owner.account_id));
    assert_eq!(hers.map(|link| link.account_id), Ok(ana.id));
}

async fn a_session_above_the_limit_ends_the_oldest(on: Fixture) {
    let ana = on.account("ana@example.org", Role::Viewer).await;

    let mut cookies = Vec::new();
    for _ in 0..4 {
        on.pass(Duration::from_secs(1));
        cookies.push(on.sign_in(&ana).await.cookie);
    }

    let mut valid = Vec::new();
    for cookie in &cookies {
        valid.push(
            on.access
                .authenticate_session(cookie.expose())
                .await
                .is_ok(),
        );
    }
    assert_eq!(valid, [false, true, true, true]);
    let long = ClientInfo {
        user_agent: "\u{7}é".repeat(1000),
        ..browser()
    };
    let link = on
        .access
        .create_login_link(&on.owner, &on.act, None)
        .await
        .expect("an owner exists");
    let signed_in = on
        .access
        .redeem_login_link(&on.act, link.code.expose(), &long)
        .await;
    assert_eq!(
        signed_in
            .expect("the credential is valid")
            .session
            .user_agent,
        "é".repeat(256)
    );
}
