//! Accounts and their login links.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use outrigger_access::{AccountId, AccountUpdate, LoginLink, Principal, Role};
use outrigger_api_types::{
    access::{
        Account as ApiAccount, CreatedAccount, LoginLink as ApiLoginLink, NewAccount, NewLoginLink,
        Role as ApiRole, UpdateAccount,
    },
    page::{Page, PageQuery},
};
use outrigger_audit::Act;
use outrigger_history::{EventKind, Events};
use outrigger_stdx::{Actor, Secret};
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, Part, RouteTable,
    extract::{Id, Json},
    state::{ApiState, Handle},
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(ACCESS.read(), routes!(list_accounts))
        .add(
            ACCESS.reversible("create_account").creates(),
            routes!(create_account),
        )
        .add(
            ACCESS.reversible("update_account").revokes(),
            routes!(update_account),
        )
        .add(
            ACCESS.reversible("delete_account").revokes(),
            routes!(delete_account),
        )
        .add(
            ACCESS.reversible("create_login_link").creates(),
            routes!(create_login_link),
        )
}

/// Lists the accounts, oldest first.
#[utoipa::path(
    get, path = "/api/v1/access/accounts", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiAccount>))
)]
async fn list_accounts(
    State(api): State<ApiState>,
    part: Part,
) -> Result<Json<Page<ApiAccount>>, Failure> {
    let accounts = api.access().accounts(part.cursor, part.limit).await?;
    Ok(Json(
        part.answer(accounts, |account| account_to_api(&account)),
    ))
}

/// Creates an account.
///
/// Without a password, the response contains a one-time login link for the account.
#[utoipa::path(
    post, path = "/api/v1/access/accounts", tag = "access", request_body = NewAccount,
    responses(
        (status = 201, body = CreatedAccount),
        (status = 409, description = "The e-mail address is taken, or there are `[access] accounts_max` accounts")
    )
)]
async fn create_account(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Json(body): Json<NewAccount>,
) -> Result<Response, Failure> {
    let with_link = body.password.is_none();
    let new = outrigger_access::NewAccount {
        email: body.email,
        name: body.name,
        role: role_from_api(body.role),
        password: body.password.map(Secret::new),
    };
    let account = api.access().create_account(&principal, &act, new).await?;
    let link = match with_link {
        true => {
            let link = api
                .access()
                .create_login_link(&principal, &act, Some(account.id))
                .await?;
            Some(link_to_api(&api, &link))
        }
        false => None,
    };
    let created = CreatedAccount {
        account: account_to_api(&account),
        link,
    };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// Updates an account.
///
/// Disabling an account ends its sessions.
#[utoipa::path(
    patch, path = "/api/v1/access/accounts/{id}", tag = "access", request_body = UpdateAccount,
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, body = ApiAccount), (status = 409, description = "The account is the last owner"))
)]
async fn update_account(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Handle(events): Handle<Events>,
    Id(id): Id<AccountId>,
    Json(body): Json<UpdateAccount>,
) -> Result<Json<ApiAccount>, Failure> {
    let before = api.access().account(id).await.ok();
    let update = AccountUpdate {
        name: body.name,
        role: body.role.map(role_from_api),
        disabled: body.disabled,
    };
    let account = api
        .access()
        .update_account(&principal, &act, id, update)
        .await?;
    if before.is_some_and(|before| before.role != account.role) {
        note_role(&events, &account, act.actor());
    }
    Ok(Json(account_to_api(&account)))
}

/// Deletes an account, its sessions and its tokens.
#[utoipa::path(
    delete, path = "/api/v1/access/accounts/{id}", tag = "access",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "The account is deleted"), (status = 409, description = "The account is the last owner"))
)]
async fn delete_account(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Failure> {
    api.access().delete_account(&principal, &act, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Creates a one-time login link.
#[utoipa::path(
    post, path = "/api/v1/access/login-links", tag = "access", request_body = NewLoginLink,
    responses((status = 201, body = ApiLoginLink))
)]
async fn create_login_link(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Json(body): Json<NewLoginLink>,
) -> Result<Response, Failure> {
    let refuse = |_| Failure::field("account", "invalid", "`account` is not an id");
    let account = body
        .account
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(refuse)?;
    let link = api
        .access()
        .create_login_link(&principal, &act, account)
        .await?;
    Ok((StatusCode::CREATED, Json(link_to_api(&api, &link))).into_response())
}

fn note_role(events: &Events, account: &outrigger_access::Account, actor: &Actor) {
    let title = format!("{} is now {}", account.name, account.role);
    let attributes = [
        ("account", account.id.to_string()),
        ("role", account.role.to_string()),
    ];
    events.note(EventKind::RoleChanged, title, attributes, actor);
}

fn link_to_api(api: &ApiState, link: &LoginLink) -> ApiLoginLink {
    ApiLoginLink {
        url: api.login_link_url(link),
        expires_at: link.expires_at.to_string(),
    }
}

pub(super) fn account_to_api(account: &outrigger_access::Account) -> ApiAccount {
    ApiAccount {
        id: account.id.to_string(),
        email: account.email.as_ref().map(ToString::to_string),
        name: account.name.clone(),
        role: role_to_api(account.role),
        disabled: account.disabled,
        created_at: account.created_at.to_string(),
        last_login_at: account.last_login_at.map(|time| time.to_string()),
    }
}

fn role_to_api(role: Role) -> ApiRole {
    match role {
        Role::Viewer => ApiRole::Viewer,
        Role::Operator => ApiRole::Operator,
        Role::Admin => ApiRole::Admin,
        Role::Owner => ApiRole::Owner,
    }
}

fn role_from_api(role: ApiRole) -> Role {
    match role {
        ApiRole::Viewer => Role::Viewer,
        ApiRole::Operator => Role::Operator,
        ApiRole::Admin => Role::Admin,
        ApiRole::Owner => Role::Owner,
    }
}
