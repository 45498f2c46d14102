//! `event`: adds and lists events, which the charts show.

use clap::{Args, Subcommand, ValueEnum};
use outrigger_api_types::events::{Event, EventKind, EventQuery, NewEvent, NewEventKind};

use crate::{answer::Answer, connect::Connector, error::CliError, human, table::Table};

/// Mark deploys and notes on the charts, and list events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Record the deploy of a new version of an application
    Deploy(Marked),
    /// Record a note
    Note(Marked),
    /// List the events, the newest first
    List {
        /// Only events at this time or later, such as `2026-01-31T12:00:00Z`
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only events at this time or earlier
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Only events of this kind
        #[arg(long, value_enum)]
        kind: Option<KindName>,
        /// The maximum number of events, 1 to 500
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: u32,
    },
}

/// A new event.
#[derive(Debug, Args)]
pub(crate) struct Marked {
    /// The title, at most 200 characters
    title: String,
    /// The time, such as `2026-01-31T12:00:00Z` [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A detail of the event; may be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, String)>,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum KindName {
    /// A new version of an application went live
    Deploy,
    /// A note
    Note,
    /// The server started
    Start,
    /// The server is stopping
    Stop,
    /// The cache or one of its databases was cleared
    CacheCleared,
    /// A problem was opened
    ProblemOpened,
    /// A problem was resolved
    ProblemResolved,
    /// The role of an account was changed
    RoleChanged,
}

impl EventCommand {
    pub(super) async fn run(self, connector: &Connector<'_>) -> Result<Answer, CliError> {
        let client = connector.server()?;
        match self {
            Self::Deploy(marked) => {
                let event = marked.into_event(NewEventKind::Deploy);
                Ok(recorded("deploy", &client.create_event(&event).await?))
            }
            Self::Note(marked) => {
                let event = marked.into_event(NewEventKind::Note);
                Ok(recorded("note", &client.create_event(&event).await?))
            }
            Self::List {
                from,
                to,
                kind,
                limit,
            } => {
                let query = EventQuery {
                    from,
                    to,
                    kind: kind.map(EventKind::from),
                    limit: Some(limit),
                    cursor: None,
                };
                let page = client.events(&query).await?;
                let text = text(&page.items);
                let answer = Answer::new(&page, text);
                Ok(match page.next {
                    None => answer,
                    Some(_) => answer.with_note(
                        "there are more events; use `--to` or `--limit` to see earlier ones",
                    ),
                })
            }
        }
    }
}

impl Marked {
    fn into_event(self, kind: NewEventKind) -> NewEvent {
        NewEvent {
            kind,
            title: self.title,
            at: self.at,
            attributes: self.attributes.into_iter().collect(),
        }
    }
}

fn recorded(noun: &str, event: &Event) -> Answer {
    let (title, at) = (human::visible(&event.title), human::time(&event.at));
    Answer::quiet(event).with_note(format!("recorded the {noun} {title} at {at}"))
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write it as `NAME=VALUE`, such as `version=1.4.2`")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn text(events: &[Event]) -> String {
    if events.is_empty() {
        return "no events".to_owned();
    }
    let mut table = Table::new(&["TIME", "KIND", "TITLE", "BY", "ATTRIBUTES"]);
    for event in events {
        let attributes = event.attributes.iter();
        let attributes: Vec<String> = attributes
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        table.row([
            human::time(&event.at),
            event.kind.as_str().to_owned(),
            event.title.clone(),
            event.actor.clone(),
            attributes.join(" "),
        ]);
    }
    table.render(0)
}

impl From<KindName> for EventKind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::Deploy => Self::Deploy,
            KindName::Note => Self::Note,
            KindName::Start => Self::Start,
            KindName::Stop => Self::Stop,
            KindName::CacheCleared => Self::CacheCleared,
            KindName::ProblemOpened => Self::ProblemOpened,
            KindName::ProblemResolved => Self::ProblemResolved,
            KindName::RoleChanged => Self::RoleChanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_with_their_attributes_on_one_line() {
        let event: Event = serde_json::from_value(serde_json::json!({
            "id": "0190a5c2-7d3e-7cc1-a5a1-111111111111", "at": "2026-01-01T12:00:00.25Z", "kind": "deploy",
            "title": "shop 1.4.2", "attributes": {"commit": "5e25fd2", "version": "1.4.2"}, "actor": "ci",
            "actor_kind": "token",
        }))
        .expect("the JSON is an event");

        insta::assert_snapshot!(text(&[event]), @r"
        TIME                     KIND    TITLE       BY  ATTRIBUTES
        2026-01-01 12:00:00 UTC  deploy  shop 1.4.2  ci  commit=5e25fd2 version=1.4.2
        ");
    }

    #[test]
    fn an_attribute_is_split_at_its_first_equals_sign() {
        assert_eq!(
            attribute("query=a=b"),
            Ok(("query".to_owned(), "a=b".to_owned()))
        );
        assert!(attribute("version").is_err());
    }
}
