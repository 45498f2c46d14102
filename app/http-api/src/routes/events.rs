//! Events: marks on the timeline of the charts.

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use outrigger_access::Principal;
use outrigger_api_types::{
    events::{
        Event as ApiEvent, EventKind as ApiEventKind, EventQuery, NewEvent as ApiNewEvent,
        NewEventKind,
    },
    page::Page,
};
use outrigger_history::{Event, EventFilter, EventKind, Events, NewEvent};
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable,
    extract::{self, Json, Query},
    page::Part,
    state::Handle,
};

const EVENTS: Capability = Capability::new("events");

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(EVENTS.read(), routes!(list_events))
        .add(EVENTS.safe().creates(), routes!(create_event))
}

/// Lists events, the newest first.
///
/// Events are kept for 90 days: at most 10,000 that clients sent, 2,000 of the kind `cache_cleared` and 8,000 others. Beyond that,
/// those that arrived first are deleted.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", params(EventQuery), responses((status = 200, body = Page<ApiEvent>))
)]
async fn list_events(
    Handle(events): Handle<Events>,
    Query(query): Query<EventQuery>,
) -> Result<Json<Page<ApiEvent>>, Failure> {
    let part = Part {
        cursor: extract::page_cursor(query.cursor.as_deref())?,
        limit: extract::page_limit(query.limit)?,
    };
    let filter = EventFilter {
        from: extract::time("from", query.from.as_deref())?,
        to: extract::time("to", query.to.as_deref())?,
        kind: query.kind.map(kind_from_api),
    };
    let page = events.list(filter, part.cursor, part.limit).await?;
    Ok(Json(part.answer(page, to_api)))
}

/// Adds an event: a deploy or a note.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events", request_body = ApiNewEvent,
    responses((status = 201, body = ApiEvent), (status = 400, description = "A field exceeds its limits; `fields` contains it"))
)]
async fn create_event(
    Handle(events): Handle<Events>,
    Extension(principal): Extension<Principal>,
    Json(body): Json<ApiNewEvent>,
) -> Result<Response, Failure> {
    let new = NewEvent {
        kind: match body.kind {
            NewEventKind::Deploy => EventKind::Deploy,
            NewEventKind::Note => EventKind::Note,
        },
        title: body.title,
        at: extract::time("at", body.at.as_deref())?,
        attributes: body.attributes,
    };
    let event = events.create(new, &principal.actor).await?;
    Ok((StatusCode::CREATED, Json(to_api(event))).into_response())
}

fn to_api(event: Event) -> ApiEvent {
    ApiEvent {
        id: event.id.to_string(),
        at: event.at.to_string(),
        kind: kind_to_api(event.kind),
        title: event.title,
        attributes: event.attributes,
        actor: event.actor,
        actor_kind: event.actor_kind,
    }
}

fn kind_to_api(kind: EventKind) -> ApiEventKind {
    match kind {
        EventKind::Deploy => ApiEventKind::Deploy,
        EventKind::Note => ApiEventKind::Note,
        EventKind::Start => ApiEventKind::Start,
        EventKind::Stop => ApiEventKind::Stop,
        EventKind::CacheCleared => ApiEventKind::CacheCleared,
        EventKind::ProblemOpened => ApiEventKind::ProblemOpened,
        EventKind::ProblemResolved => ApiEventKind::ProblemResolved,
        EventKind::RoleChanged => ApiEventKind::RoleChanged,
    }
}

fn kind_from_api(kind: ApiEventKind) -> EventKind {
    match kind {
        ApiEventKind::Deploy => EventKind::Deploy,
        ApiEventKind::Note => EventKind::Note,
        ApiEventKind::Start => EventKind::Start,
        ApiEventKind::Stop => EventKind::Stop,
        ApiEventKind::CacheCleared => EventKind::CacheCleared,
        ApiEventKind::ProblemOpened => EventKind::ProblemOpened,
        ApiEventKind::ProblemResolved => EventKind::ProblemResolved,
        ApiEventKind::RoleChanged => EventKind::RoleChanged,
    }
}
