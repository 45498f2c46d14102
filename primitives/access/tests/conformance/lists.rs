//! Lists are read in pages. Together, the pages are the whole list in order.

use std::time::Duration;

use outrigger_access::{AccessError, Role};
use outrigger_stdx::{Cursor, Page};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, new_account, new_token};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        accounts_are_read_in_pages,
        sessions_are_read_in_pages,
        ended_sessions_take_no_place_in_a_page,
        tokens_are_read_in_pages,
        ingest_keys_are_read_in_pages,
        a_page_continues_after_a_deleted_item,
        every_list_is_read_from_an_index,
    ]
    .to_vec()
}

/// Reads all pages of two items each. Passes the cursor as text, as clients do.
async fn in_parts<T>(
    read: impl AsyncFn(Option<Cursor>) -> Result<Page<T>, AccessError>,
) -> Vec<Vec<T>> {
    let mut parts = Vec::new();
    let mut cursor = None;
    loop {
        let page = read(cursor).await.expect("the store works");
        parts.push(page.items);
        let Some(next) = page.next else {
            return parts;
        };
        cursor = Some(next.to_string().parse().expect("it is a cursor"));
    }
}

fn sizes<T>(parts: &[Vec<T>]) -> Vec<usize> {
    parts.iter().map(Vec::len).collect()
}

/// Creates some accounts at the same time, so that their ids determine the order, and some later.
async fn five_accounts(on: &Fixture) {
    for name in ["ana", "ben", "cai", "dan"] {
        if name == "cai" {
            on.pass(Duration::from_millis(1));
        }
        on.account(&format!("{name}@example.org"), Role::Admin)
            .await;
    }
}

async fn accounts_are_read_in_pages(on: Fixture) {
    five_accounts(&on).await;

    let parts = in_parts(async |cursor| on.access.accounts(cursor, 2).await).await;

    assert_eq!(sizes(&parts), [2, 2, 1]);
    let names: Vec<_> = parts.concat().into_iter().map(|one| one.name).collect();
    assert_eq!(
        names,
        [
            "local",
            "ana@example.org",
            "ben@example.org",
            "cai@example.org",
            "dan@example.org"
        ]
    );
    let whole = on.access.accounts(None, 5).await.expect("the store works");
    assert_eq!(whole.next, None);
}

async fn sessions_are_read_in_pages(on: Fixture) {
    five_accounts(&on).await;
    for account in on.accounts().await {
        on.sign_in(&account).await;
        on.sign_in(&account).await;
        on.pass(Duration::from_secs(1));
    }

    let parts = in_parts(async |cursor| on.access.sessions(None, cursor, 3).await).await;
    let ana = on.accounts().await[1].id;
    let hers = in_parts(async |cursor| on.access.sessions(Some(ana), cursor, 1).await).await;

    assert_eq!(sizes(&parts), [3, 3, 3, 1]);
    assert_eq!(parts.concat(), on.sessions(None).await);
    assert!(
        parts
            .concat()
            .is_sorted_by_key(|one| { std::cmp::Reverse((one.last_seen_at, one.id)) })
    );
    assert_eq!(sizes(&hers), [1, 1]);
    assert!(hers.concat().iter().all(|one| one.account_id == ana));
}

async fn ended_sessions_take_no_place_in_a_page(on: Fixture) {
    five_accounts(&on).await;
    let accounts = on.accounts().await;
    on.sign_in(&accounts[0]).await;
    on.sign_in(&accounts[1]).await;
    on.pass(Duration::from_secs(8 * 86_400));
    on.sign_in(&accounts[2]).await;
    on.sign_in(&accounts[3]).await;

    let page = on
        .access
        .sessions(None, None, 2)
        .await
        .expect("the store works");

    assert_eq!(page.items.len(), 2);
    assert_eq!(page.next, None);
}

async fn tokens_are_read_in_pages(on: Fixture) {
    let other = on.principal("ana@example.org", Role::Admin).await;
    for by in [&on.owner, &on.owner, &other, &other, &other] {
        let created = on
            .access
            .create_token(by, &on.act, new_token(&["cache:read"]))
            .await;
        created.expect("there is capacity");
        if by.account_id == on.owner.account_id {
            on.pass(Duration::from_secs(1));
        }
    }

    let parts = in_parts(async |cursor| on.access.tokens(None, cursor, 2).await).await;

    assert_eq!(sizes(&parts), [2, 2, 1]);
    assert_eq!(parts.concat(), on.tokens().await);
    assert!(
        parts
            .concat()
            .is_sorted_by_key(|one| { std::cmp::Reverse((one.created_at, one.id)) })
    );
}

async fn ingest_keys_are_read_in_pages(on: Fixture) {
    for name in ["a", "b", "c", "d"] {
        if name == "c" {
            on.pass(Duration::from_secs(1));
        }
        let created = on.access.create_ingest_key(&on.act, name).await;
        created.expect("the name is right");
    }

    let parts = in_parts(async |cursor| on.access.ingest_keys(cursor, 2).await).await;

    assert_eq!(sizes(&parts), [2, 2]);
    let names: Vec<_> = parts.concat().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["d", "c", "b", "a"]);
}

async fn a_page_continues_after_a_deleted_item(on: Fixture) {
    five_accounts(&on).await;
    let first = on.access.accounts(None, 3).await.expect("the store works");
    let last = first.items.last().expect("there are three").id;

    let deleted = on.access.delete_account(&on.owner, &on.act, last).await;
    deleted.expect("the owner has the permission");
    let new = new_account("eva@example.org", Role::Viewer);
    let made = on.access.create_account(&on.owner, &on.act, new).await;
    let second = on
        .access
        .accounts(first.next, 3)
        .await
        .expect("the store works");

    let names: Vec<_> = second.items.iter().map(|one| one.name.as_str()).collect();
    assert!(made.is_ok());
    assert_eq!(
        names,
        ["cai@example.org", "dan@example.org", "eva@example.org"]
    );
    assert_eq!(second.next, None);
}

async fn every_list_is_read_from_an_index(on: Fixture) {
    for plan in on.list_plans().await {
        assert!(!plan.contains("TEMP B-TREE"), "it sorts: {plan}");
        assert!(!plan.contains("Sort"), "it sorts: {plan}");
        assert!(!plan.contains("Seq Scan"), "it reads everything: {plan}");
        assert!(!plan.contains("SCAN"), "it reads everything: {plan}");
        let seeks = [
            "(created_at,id)",
            "(last_seen_at,id)",
            "last_seen_at<?",
            "ROW(created_at, id)",
            "ROW(last_seen_at, id)",
        ];
        let seeks = seeks.iter().any(|part| plan.contains(part))
            && (plan.contains("Index Cond") || plan.contains("SEARCH"));
        assert!(seeks, "it reads what the parts before held: {plan}");
    }
}
