//! The audit log.

use std::time::Duration;

use outrigger_access::{AuditAction, AuditFilter, NewAuditEntry};
use outrigger_stdx::{Actor, ActorKind, Via};
use outrigger_testkit::{Case, cases};
use uuid::Uuid;

use crate::fixture::Fixture;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        an_entry_is_read_back_as_it_was_written,
        the_log_is_read_in_parts_newest_first,
        the_log_is_filtered_by_actor_and_action,
        entries_are_kept_for_their_retention,
    ]
    .to_vec()
}

fn entry(actor: Actor, action: &str) -> NewAuditEntry {
    NewAuditEntry {
        actor,
        action: action.to_owned(),
        target: None,
        outcome: "ok".to_owned(),
        address: None,
        request_id: None,
    }
}

fn ana() -> Actor {
    Actor {
        kind: ActorKind::Account {
            id: Uuid::new_v4(),
            label: "ana@example.org".to_owned(),
        },
        via: Via::Dashboard,
    }
}

async fn actions(on: &Fixture, filter: AuditFilter) -> Vec<String> {
    let page = on
        .access
        .audit(&filter, None, 500)
        .await
        .expect("the store works");
    page.entries.into_iter().map(|entry| entry.action).collect()
}

async fn an_entry_is_read_back_as_it_was_written(on: Fixture) {
    let actor = ana();
    let new = NewAuditEntry {
        target: Some("0190".to_owned()),
        outcome: "forbidden".to_owned(),
        address: Some("2001:db8::1".to_owned()),
        request_id: Some("r-1".to_owned()),
        ..entry(actor.clone(), "access.create_token")
    };

    on.access.record(vec![new]).await.expect("the store works");
    let page = on
        .access
        .audit(&AuditFilter::default(), None, 10)
        .await
        .expect("it reads");

    assert_eq!(page.next, None);
    let [read] = &page.entries[..] else {
        panic!("{:?}", page.entries);
    };
    assert_eq!(read.actor, "ana@example.org");
    assert_eq!(
        (read.actor_kind.as_str(), read.via.as_str()),
        ("account", "dashboard")
    );
    assert_eq!(read.actor_id, actor.id());
    assert_eq!(read.action, "access.create_token");
    assert_eq!(read.target.as_deref(), Some("0190"));
    assert_eq!(read.outcome, "forbidden");
    assert_eq!(read.address.as_deref(), Some("2001:db8::1"));
    assert_eq!(read.request_id.as_deref(), Some("r-1"));
}

async fn the_log_is_read_in_parts_newest_first(on: Fixture) {
    for number in 0..7 {
        let entries = vec![entry(Actor::system(), &format!("step.{number}"))];
        on.access.record(entries).await.expect("the store works");
    }

    let mut parts = Vec::new();
    let mut cursor = None;
    loop {
        let page = on.access.audit(&AuditFilter::default(), cursor, 3).await;
        let page = page.expect("the store works");
        let actions: Vec<_> = page.entries.into_iter().map(|entry| entry.action).collect();
        parts.push(actions.join(" "));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    assert_eq!(
        parts,
        ["step.6 step.5 step.4", "step.3 step.2 step.1", "step.0"]
    );
}

async fn the_log_is_filtered_by_actor_and_action(on: Fixture) {
    let entries = vec![
        entry(ana(), "access.log_in"),
        entry(Actor::local(), "access.log_in"),
        entry(ana(), "access.log_in_again"),
        entry(ana(), "accessory.buy"),
        entry(Actor::system(), "cache.clear"),
    ];
    on.access.record(entries).await.expect("the store works");
    let of = |actor: Option<&str>, action: Option<&str>| AuditFilter {
        actor: actor.map(str::to_owned),
        action: action.map(AuditAction::parse),
    };

    let by_ana = actions(&on, of(Some("ana@example.org"), None)).await;
    let of_access = actions(&on, of(None, Some("access."))).await;
    let exactly = actions(&on, of(None, Some("access.log_in"))).await;
    let both = actions(&on, of(Some("local"), Some("access."))).await;

    assert_eq!(
        by_ana,
        ["accessory.buy", "access.log_in_again", "access.log_in"]
    );
    assert_eq!(
        of_access,
        ["access.log_in_again", "access.log_in", "access.log_in"]
    );
    assert_eq!(exactly, ["access.log_in", "access.log_in"]);
    assert_eq!(both, ["access.log_in"]);
    assert!(actions(&on, of(Some("' or 1=1 --"), None)).await.is_empty());
}

async fn entries_are_kept_for_their_retention(on: Fixture) {
    let old: Vec<_> = (0..2500)
        .map(|_| entry(Actor::system(), "old.one"))
        .collect();
    on.access.record(old).await.expect("the store works");
    on.pass(DAY * 399);
    let recent = vec![entry(Actor::system(), "recent.one")];
    on.access.record(recent).await.expect("the store works");

    let early = on.access.prune().await.expect("the store works");
    on.pass(DAY * 2);
    let late = on.access.prune().await.expect("the store works");

    assert_eq!((early.audit_entries, late.audit_entries), (0, 2500));
    assert_eq!(actions(&on, AuditFilter::default()).await, ["recent.one"]);
}
