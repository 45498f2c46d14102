//! The shares of the events and their bounds.

use outrigger_sql::SqlError;
use rusqlite::{Connection, params};

use super::statements;

/// A share of the events with its bounds. The schema assigns each kind to a share.
struct Share {
    name: &'static str,
    events_max: u32,
    /// The maximum size of titles, attributes and names of actors, with 200 bytes per event for the rest.
    bytes_max: u32,
}

/// Clients send events and can cause `cache_cleared`. Neither must push out the other events of the program.
const SHARES: [Share; 3] = [
    Share {
        name: "sent",
        events_max: 10_000,
        bytes_max: 24 << 20,
    },
    Share {
        name: "cleared",
        events_max: 2_000,
        bytes_max: 2 << 20,
    },
    Share {
        name: "server",
        events_max: 8_000,
        bytes_max: 6 << 20,
    },
];

/// Deletes the events beyond the bounds, those that arrived first before others. The order is not by time, because clients
/// choose the times of their events.
pub(super) fn enforce(connection: &Connection) -> Result<(), SqlError> {
    let mut is_over = connection.prepare_cached(statements::IS_OVER)?;
    let mut delete = connection.prepare_cached(statements::DELETE_FIRST)?;
    for share in SHARES {
        let bounds = params![share.name, share.events_max, share.bytes_max];
        while is_over.query_row(bounds, |row| row.get(0))? && delete.execute([share.name])? > 0 {}
    }
    Ok(())
}
