//! The initial state of every case: the owner account `local`, and a manual clock.

use std::{sync::Arc, time::Duration};

use outrigger_access::{
    Access, AccessConfig, Account, AccountId, ClientInfo, IngestKey, MemoryThrottle, NewAccount,
    NewToken, Principal, Role, Session, SignedIn, Token, TokenExpiry, TokenId,
    store::{AccessStore, PostgresAccessStore, Reach, SqliteAccessStore},
};
use outrigger_audit::Act;
use outrigger_sql::{
    BrokenStatement, PostgresDatabase, PostgresOptions, PostgresUrl, SqlError, SqliteDatabase,
    SqliteOptions, StoreConfig,
};
use outrigger_stdx::{Actor, Clock, ManualClock, Secret, SystemClock};
use outrigger_testkit::{LazyPostgres, TempDir};

/// A password that satisfies the rules.
pub(crate) const PASSWORD: &str = "seven canoes beyond the reef";

pub(crate) struct Fixture {
    pub(crate) access: Access,
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<dyn AccessStore>,
    pub(crate) owner: Principal,
    /// The `Act` of every call.
    pub(crate) act: Act,
    /// The results of two nodes that started at the same time.
    pub(crate) first_starts: [bool; 2],
    pub(crate) broken_statements: Vec<BrokenStatement>,
    database: Database,
    /// The folder of the SQLite file.
    _dir: Option<TempDir>,
}

enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// Access uses the manual clock. The databases use the system clock: a transaction that collides with another one sleeps
/// before it is repeated, and tests do not advance a manual clock meanwhile.
pub(crate) async fn on_sqlite() -> Fixture {
    let (dir, clock) = (TempDir::new(), ManualClock::new());
    let path = dir.join("state.db");
    let opened = SqliteDatabase::open(&path, SqliteOptions::default(), SystemClock::shared());
    let database = opened.await.expect("it opens");
    let store = SqliteAccessStore::open(database.clone()).await;
    let store = store.expect("it migrates");
    let broken = store.broken_statements().await.expect("it is readable");
    fixture(
        Arc::new(store),
        clock,
        broken,
        Database::Sqlite(database),
        Some(dir),
    )
    .await
}

pub(crate) async fn on_postgres(postgres: LazyPostgres) -> Fixture {
    let (url, clock) = (postgres.create_database(), ManualClock::new());
    let url = PostgresUrl::parse(&url).expect("the address is right");
    let config = StoreConfig {
        pool_max: 4,
        ..StoreConfig::default()
    };
    let options = PostgresOptions::new(url, &config);
    let opened = PostgresDatabase::open(options, SystemClock::shared());
    let database = opened.await.expect("it opens");
    let store = PostgresAccessStore::open(database.clone()).await;
    let store = store.expect("it migrates");
    let broken = store.broken_statements().await.expect("it is readable");
    fixture(
        Arc::new(store),
        clock,
        broken,
        Database::Postgres(database),
        None,
    )
    .await
}

async fn fixture(
    store: Arc<dyn AccessStore>,
    clock: ManualClock,
    broken_statements: Vec<BrokenStatement>,
    database: Database,
    dir: Option<TempDir>,
) -> Fixture {
    let (access, other) = (another_node(&store, &clock), another_node(&store, &clock));
    let (one, two) = tokio::join!(access.ensure_owner(), other.ensure_owner());
    let first_starts = [one, two].map(|owner| owner.expect("the store works").is_new);
    let owner = access.local_principal().await.expect("an owner exists");
    Fixture {
        access,
        clock,
        store,
        owner,
        act: Act::new(Actor::local()),
        first_starts,
        broken_statements,
        database,
        _dir: dir,
    }
}

/// Creates a second handle on the same store, with its own caches.
pub(crate) fn another_node(store: &Arc<dyn AccessStore>, clock: &ManualClock) -> Access {
    let clock = Arc::new(clock.clone());
    let config = AccessConfig {
        accounts_max: 12,
        sessions_max: 3,
        tokens_max: 3,
        ingest_keys_max: 12,
        ..AccessConfig::default()
    };
    let throttle = Arc::new(MemoryThrottle::new(&config, clock.clone()));
    Access::new(Arc::clone(store), throttle, config, clock)
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

pub(crate) fn browser() -> ClientInfo {
    ClientInfo {
        address: "192.0.2.7".parse().expect("the address is valid"),
        user_agent: "Mozilla/5.0".to_owned(),
    }
}

pub(crate) fn new_account(email: &str, role: Role) -> NewAccount {
    NewAccount {
        email: email.to_owned(),
        name: None,
        role,
        password: None,
    }
}

pub(crate) fn new_token(scopes: &[&str]) -> NewToken {
    NewToken {
        name: "deploy".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expiry: TokenExpiry::Usual,
    }
}

/// More than the length of any list in a test.
const ALL: u32 = 500;

impl Fixture {
    pub(crate) async fn accounts(&self) -> Vec<Account> {
        let page = self.access.accounts(None, ALL).await;
        page.expect("the store works").items
    }

    pub(crate) async fn sessions(&self, account: Option<AccountId>) -> Vec<Session> {
        let page = self.access.sessions(account, None, ALL).await;
        page.expect("the store works").items
    }

    pub(crate) async fn tokens(&self) -> Vec<Token> {
        let page = self.access.tokens(None, None, ALL).await;
        page.expect("the store works").items
    }

    pub(crate) async fn ingest_keys(&self) -> Vec<IngestKey> {
        let page = self.access.ingest_keys(None, ALL).await;
        page.expect("the store works").items
    }

    /// Executes SQL directly in the database, without the store.
    pub(crate) async fn sql(&self, sql: &'static str) {
        match &self.database {
            Database::Sqlite(database) => {
                let write = |connection: &rusqlite::Connection| {
                    connection.execute_batch(sql).map_err(SqlError::from)
                };
                database.write(write).await.expect("the input is valid");
            }
            Database::Postgres(database) => {
                let client = database.client().await.expect("there is a connection");
                client.execute(sql, &[]).await.expect("the input is valid");
            }
        }
    }

    /// Deletes a row directly in the database, without the handle and its cache.
    pub(crate) async fn delete_token_directly(&self, id: TokenId) {
        let entry = self.act.entry("test.delete_token", self.clock.now());
        let reach = Reach::unlimited();
        let deleted = self.store.delete_token(id, &reach, &entry).await;
        deleted.expect("the object exists");
    }

    /// Ends the database connections, if there are any, while they are in use.
    pub(crate) async fn kill_connections(&self) {
        if let Database::Postgres(database) = &self.database {
            let kill = "
                select pg_terminate_backend(pid)
                from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
            let Ok(client) = database.client().await else {
                return;
            };
            // The connection itself may be ended by another one.
            let _ = client.execute(kill, &[]).await;
        }
    }

    /// Returns the query plan of each statement that reads a list.
    pub(crate) async fn list_plans(&self) -> Vec<String> {
        let mut plans = Vec::new();
        for sql in outrigger_access::store::list_statements() {
            plans.push(match &self.database {
                Database::Sqlite(database) => {
                    let explain = move |connection: &rusqlite::Connection| {
                        let mut statement =
                            connection.prepare(&format!("explain query plan {sql}"))?;
                        let mut rows = statement.raw_query();
                        let mut lines: Vec<String> = Vec::new();
                        while let Some(row) = rows.next()? {
                            lines.push(row.get(3)?);
                        }
                        Ok::<_, SqlError>(format!("{}{sql}", lines.join("\n")))
                    };
                    database.read(explain).await.expect("it explains")
                }
                Database::Postgres(database) => {
                    let client = database
                        .dedicated(None)
                        .await
                        .expect("there is a connection");
                    for set in [
                        "set plan_cache_mode to force_generic_plan",
                        "set enable_seqscan to off",
                        "set enable_bitmapscan to off",
                        "set enable_sort to off",
                        "set enable_hashjoin to off",
                        "set enable_mergejoin to off",
                    ] {
                        client.execute(set, &[]).await.expect("it is a setting");
                    }
                    // The generic plan, which a prepared statement uses.
                    let prepare = format!("prepare list as {sql}");
                    client
                        .execute(&prepare, &[])
                        .await
                        .expect("the input is valid");
                    let values = vec!["null"; sql.matches('$').count()].join(", ");
                    let explain = format!("explain execute list({values})");
                    let rows = client.query(&explain, &[]).await.expect("it explains");
                    let deallocate = client.execute("deallocate list", &[]).await;
                    deallocate.expect("the object exists");
                    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
                    format!("{}{sql}", lines.join("\n"))
                }
            });
        }
        plans
    }

    pub(crate) fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Creates an account without a password.
    pub(crate) async fn account(&self, email: &str, role: Role) -> Account {
        let created = self
            .access
            .create_account(&self.owner, &self.act, new_account(email, role));
        created.await.expect("the address is free")
    }

    /// Creates an account with [`PASSWORD`].
    pub(crate) async fn account_with_password(&self, email: &str, role: Role) -> Account {
        let new = NewAccount {
            password: Some(secret(PASSWORD)),
            ..new_account(email, role)
        };
        let created = self.access.create_account(&self.owner, &self.act, new);
        created.await.expect("the address is free")
    }

    /// Logs in to an account with a login link.
    pub(crate) async fn sign_in(&self, account: &Account) -> SignedIn {
        let link = self
            .access
            .create_login_link(&self.owner, &self.act, Some(account.id))
            .await;
        let link = link.expect("the account may log in");
        let client = browser();
        let signed_in = self
            .access
            .redeem_login_link(&self.act, link.code.expose(), &client);
        signed_in.await.expect("the link is fresh")
    }

    /// Creates an account and returns its principal after logging in.
    pub(crate) async fn principal(&self, email: &str, role: Role) -> Principal {
        let signed_in = self.sign_in(&self.account(email, role).await).await;
        let authenticated = self.access.authenticate_session(signed_in.cookie.expose());
        authenticated.await.expect("the session is fresh")
    }
}
