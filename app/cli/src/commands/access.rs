//! `admin` and `token`: accounts, login links and tokens.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use outrigger_api_types::access::{Account, NewAccount, NewLoginLink, NewToken, Role, Token};
use outrigger_client::Client;
use serde_json::json;

use crate::{
    answer::Answer,
    connect::{Connector, Place},
    error::CliError,
    human, input,
    table::Table,
};

/// The largest password file, in bytes. A larger file does not contain a password.
const PASSWORD_FILE_MAX: u64 = 4096;

/// Manage accounts and login links.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Print a new one-time login link
    Link {
        /// The account's e-mail address [default: the owner]
        #[arg(long, value_name = "EMAIL")]
        account: Option<String>,
    },
    /// Create an account
    Create {
        /// The e-mail address to log in with
        #[arg(long)]
        email: String,
        /// The account's role
        #[arg(long, value_enum, default_value_t = RoleName::Viewer)]
        role: RoleName,
        /// The person's name [default: the e-mail address]
        #[arg(long)]
        name: Option<String>,
        /// File with the password, `-` for standard input [default: print a login link instead]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List the accounts
    List,
    /// Confirm that the clock is right after it jumped ahead, so that old data is deleted again
    ConfirmClock,
}

/// Manage API tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token and print it once
    Create {
        /// The token's name, such as the program that uses it
        #[arg(long)]
        name: String,
        /// A scope of the token, such as `cache:write`; may be repeated
        #[arg(
            long = "scope",
            required = true,
            value_name = "SCOPE",
            value_delimiter = ','
        )]
        scopes: Vec<String>,
        /// The token's lifetime, such as `90d`, or `never` [default: 90d]
        #[arg(long, value_name = "DURATION")]
        expires_in: Option<String>,
    },
    /// List the tokens
    List,
    /// Revoke a token
    Revoke {
        /// The token's id, or its name if the name is unique
        token: String,
    },
}

/// The role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Reads everything except secrets and access
    Viewer,
    /// Also makes changes that lose no original data or affect a single object, such as clearing the cache
    Operator,
    /// Also deletes data in bulk and manages access
    Admin,
    /// Has full access
    Owner,
}

impl AdminCommand {
    pub(super) async fn run(self, connector: &Connector<'_>) -> Result<Answer, CliError> {
        // Read the password before locking the data directory, because a person may take long to type it.
        let password = match &self {
            Self::Create {
                password_file: Some(path),
                ..
            } => Some(read_password(path)?),
            _ => None,
        };
        connector
            .with_server_or_here(async |client, place| self.call(client, place, password).await)
            .await
    }

    async fn call(
        self,
        client: &Client,
        place: &Place,
        password: Option<String>,
    ) -> Result<Answer, CliError> {
        match self {
            Self::Link { account } => link(client, place, account).await,
            Self::Create {
                email, role, name, ..
            } => {
                let account = NewAccount {
                    email,
                    name,
                    role: role.into(),
                    password,
                };
                create(client, &account).await
            }
            Self::ConfirmClock => {
                let pruned = client.confirm_clock().await?;
                let text = format!(
                    "clock confirmed; deleted {} sessions, {} login links, {} tokens and {} audit entries",
                    pruned.sessions, pruned.login_links, pruned.tokens, pruned.audit_entries
                );
                Ok(Answer::new(&pruned, text))
            }
            Self::List => {
                let accounts = client.accounts().await?;
                let text = accounts_text(&accounts);
                Ok(Answer::new(
                    &json!({ "items": accounts, "next": null }),
                    text,
                ))
            }
        }
    }
}

impl TokenCommand {
    pub(super) async fn run(self, connector: &Connector<'_>) -> Result<Answer, CliError> {
        let client = connector.server()?;
        match self {
            Self::Create {
                name,
                scopes,
                expires_in,
            } => {
                let token = client
                    .create_token(&NewToken {
                        name,
                        scopes,
                        expires_in,
                    })
                    .await?;
                let note = match &token.details.expires_at {
                    Some(end) => {
                        format!(
                            "expires at {}; the token is not shown again",
                            human::time(end)
                        )
                    }
                    None => "never expires; the token is not shown again".to_owned(),
                };
                let text = token.token.clone();
                Ok(Answer::new(&token, text).with_note(note))
            }
            Self::List => {
                let tokens = client.tokens().await?;
                let text = tokens_text(&tokens);
                Ok(Answer::new(&json!({ "items": tokens, "next": null }), text))
            }
            Self::Revoke { token } => {
                let token = find_token(client.tokens().await?, &token)?;
                client.revoke_token(&token.id).await?;
                let note = format!("revoked the token {}", human::visible(&token.name));
                Ok(Answer::quiet(&json!({ "id": token.id })).with_note(note))
            }
        }
    }
}

async fn link(client: &Client, place: &Place, email: Option<String>) -> Result<Answer, CliError> {
    let (account, who) = match email {
        None => (None, "the owner account".to_owned()),
        Some(email) => {
            let account = find_account(client.accounts().await?, &email)?;
            let who = account.email.unwrap_or(account.name);
            (Some(account.id), human::visible(&who))
        }
    };
    let link = client.create_login_link(&NewLoginLink { account }).await?;
    let until = human::time(&link.expires_at);
    let note = match place {
        Place::Server(place) => {
            format!(
                "the link logs in once as {who} at the server on {place} and expires at {until}"
            )
        }
        Place::Here(place) => format!(
            "the link logs in once as {who} and expires at {until}; no server is running on {place}, so start it before you open the link"
        ),
    };
    let text = link.url.clone();
    Ok(Answer::new(&link, text).with_note(note))
}

async fn create(client: &Client, account: &NewAccount) -> Result<Answer, CliError> {
    let created = client.create_account(account).await?;
    let mut text = format!(
        "created {} with the role {}",
        human::visible(&account.email),
        role_name(created.account.role)
    );
    if let Some(link) = &created.link {
        text.push_str(&format!(
            "\n{}\nthe link logs in once and asks for a password; it expires at {}",
            link.url,
            human::time(&link.expires_at)
        ));
    }
    Ok(Answer::new(&created, text))
}

fn find_account(accounts: Vec<Account>, email: &str) -> Result<Account, CliError> {
    let matches = |account: &Account| {
        account.id == email
            || account
                .email
                .as_deref()
                .is_some_and(|known| known.eq_ignore_ascii_case(email))
    };
    accounts
        .into_iter()
        .find(matches)
        .ok_or_else(|| CliError::NotFound {
            what: "account",
            name: human::visible(email),
            hint: Some("`outrigger admin list` lists all accounts".to_owned()),
        })
}

fn find_token(tokens: Vec<Token>, wanted: &str) -> Result<Token, CliError> {
    let mut found: Vec<Token> = tokens
        .into_iter()
        .filter(|token| token.id == wanted || token.name == wanted)
        .collect();
    match found.len() {
        0 => Err(CliError::NotFound {
            what: "token",
            name: human::visible(wanted),
            hint: Some("`outrigger token list` lists all tokens".to_owned()),
        }),
        1 => Ok(found.remove(0)),
        count => Err(CliError::WrongUse {
            message: format!("{count} tokens have the name `{}`", human::visible(wanted)),
            hint: Some("use the id instead; `outrigger token list` shows it".to_owned()),
        }),
    }
}

/// Reads a password from a file, or from standard input for `-`. Removes the newline at the end, which editors add.
fn read_password(path: &PathBuf) -> Result<String, CliError> {
    let bytes = if path.as_os_str() == "-" {
        input::whole("password", PASSWORD_FILE_MAX)?
    } else {
        std::fs::read(path).map_err(|source| CliError::Io {
            what: format!("the password file `{}` cannot be read", path.display()),
            source,
        })?
    };
    let text = String::from_utf8(bytes).map_err(|_| CliError::WrongUse {
        message: "the password is not UTF-8 text".to_owned(),
        hint: None,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn accounts_text(accounts: &[Account]) -> String {
    let mut table = Table::new(&["EMAIL", "NAME", "ROLE", "LAST LOGIN", "ID"]);
    for account in accounts {
        let role = role_name(account.role);
        let role = if account.disabled {
            format!("{role}, disabled")
        } else {
            role.to_owned()
        };
        table.row([
            account
                .email
                .clone()
                .unwrap_or_else(|| "none yet".to_owned()),
            account.name.clone(),
            role,
            account
                .last_login_at
                .as_deref()
                .map_or_else(|| "never".to_owned(), human::time),
            account.id.clone(),
        ]);
    }
    table.render(0)
}

fn tokens_text(tokens: &[Token]) -> String {
    if tokens.is_empty() {
        return "no tokens; create one with `outrigger token create`".to_owned();
    }
    let mut table = Table::new(&["NAME", "PREFIX", "SCOPES", "EXPIRES", "LAST USED", "ID"]);
    for token in tokens {
        let never = || "never".to_owned();
        table.row([
            token.name.clone(),
            token.hint.clone(),
            token.scopes.join(" "),
            token.expires_at.as_deref().map_or_else(never, human::time),
            token
                .last_used_at
                .as_deref()
                .map_or_else(never, human::time),
            token.id.clone(),
        ]);
    }
    table.render(0)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Operator => Self::Operator,
            RoleName::Admin => Self::Admin,
            RoleName::Owner => Self::Owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, name: &str) -> Token {
        Token {
            id: id.into(),
            name: name.into(),
            hint: "otr_ab".into(),
            scopes: vec!["cache:write".into(), "metrics:read".into()],
            account_id: "0190a5c2-7d3e-7cc1-a5a1-000000000000".into(),
            created_by: "local".into(),
            created_at: "2026-01-01T12:00:00Z".into(),
            expires_at: None,
            last_used_at: None,
            parent_id: None,
        }
    }

    #[test]
    fn a_token_is_found_by_its_id_or_by_a_unique_name() {
        let tokens = || vec![token("1", "deploy"), token("2", "twin"), token("3", "twin")];

        assert_eq!(find_token(tokens(), "3").expect("the id is there").id, "3");
        assert_eq!(
            find_token(tokens(), "deploy")
                .expect("the name is there")
                .id,
            "1"
        );
        assert!(matches!(
            find_token(tokens(), "twin"),
            Err(CliError::WrongUse { .. })
        ));
        assert!(matches!(
            find_token(tokens(), "4"),
            Err(CliError::NotFound { .. })
        ));
    }

    #[test]
    fn the_list_of_tokens_shows_a_prefix_and_never_the_whole_token() {
        insta::assert_snapshot!(tokens_text(&[token("1", "deploy")]), @r"
        NAME    PREFIX  SCOPES                    EXPIRES  LAST USED  ID
        deploy  otr_ab  cache:write metrics:read  never    never      1
        ");
    }
}
