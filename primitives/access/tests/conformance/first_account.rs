//! Creation of the first account.

use outrigger_access::{AccessError, AdminBootstrap, Role};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, PASSWORD, browser, secret};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        the_owner_local_is_created_once,
        two_nodes_create_one_owner,
        the_environment_sets_up_the_owner_once,
        a_weak_password_from_the_environment_is_refused,
        clients_of_the_control_socket_act_as_the_owner,
    ]
    .to_vec()
}

async fn the_owner_local_is_created_once(on: Fixture) {
    let again = on.access.ensure_owner().await.expect("the store works");

    assert!(!again.is_new);
    assert_eq!(again.account.name, "local");
    assert_eq!(again.account.role, Role::Owner);
    assert!(again.account.setup_required());
    assert_eq!(on.accounts().await.len(), 1);
}

async fn two_nodes_create_one_owner(on: Fixture) {
    let [one, two] = on.first_starts;

    assert!(one != two, "{:?}", on.first_starts);
    assert_eq!(on.accounts().await.len(), 1);
}

async fn the_environment_sets_up_the_owner_once(on: Fixture) {
    let first = on
        .access
        .ensure_admin("ana@example.org", &secret(PASSWORD))
        .await;
    let again = on
        .access
        .ensure_admin("ana@example.org", &secret("another long password"))
        .await;
    let other = on
        .access
        .ensure_admin("ben@example.org", &secret(PASSWORD))
        .await;

    let Ok(AdminBootstrap::Applied(account)) = first else {
        panic!("{first:?}");
    };
    assert_eq!(account.id, on.owner.account_id);
    assert_eq!(again, Ok(AdminBootstrap::AlreadySetUp));
    assert_eq!(other, Ok(AdminBootstrap::AlreadySetUp));
    assert!(
        on.access
            .log_in(&on.act, "ana@example.org", secret(PASSWORD), &browser())
            .await
            .is_ok()
    );
}

async fn a_weak_password_from_the_environment_is_refused(on: Fixture) {
    let weak = on
        .access
        .ensure_admin("ana@example.org", &secret("ana@example.org"))
        .await;

    assert!(matches!(weak, Err(AccessError::Fields { .. })), "{weak:?}");
}

async fn clients_of_the_control_socket_act_as_the_owner(on: Fixture) {
    assert_eq!(on.owner.actor.label(), "local");
    assert_eq!(on.owner.scopes.to_string(), "*");
    assert_eq!(on.owner.role, Some(Role::Owner));
}
