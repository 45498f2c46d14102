//! Makes lines of events and hands them out.

use std::{
    io::{self, Write},
    sync::Arc,
};

use outrigger_stdx::Clock;
use tracing::{Event, Subscriber, span};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{
    line::{Fields, Line},
    writer::Writer,
};

/// How lines on standard error look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stderr {
    Plain,
    Coloured,
    Json,
}

/// Makes lines of events, with the fields of the spans they happened in, such as `request_id`.
#[derive(Debug)]
pub(super) struct LineLayer {
    stderr: Stderr,
    files: Option<Writer>,
    clock: Arc<dyn Clock>,
}

impl LineLayer {
    pub(super) fn new(stderr: Stderr, files: Option<Writer>, clock: Arc<dyn Clock>) -> Self {
        Self {
            stderr,
            files,
            clock,
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.inherit(outer);
            }
        }
        let line = Line {
            at: self.clock.now(),
            level: *event.metadata().level(),
            target: event.metadata().target(),
            fields,
        };
        let json = (self.files.is_some() || self.stderr == Stderr::Json).then(|| line.to_json());
        // Nobody can be told when standard error is closed.
        let _ = match (self.stderr, &json) {
            (Stderr::Json, Some(json)) => io::stderr().lock().write_all(json),
            (stderr, _) => {
                let text = line.to_text(stderr == Stderr::Coloured);
                io::stderr().lock().write_all(text.as_bytes())
            }
        };
        if let (Some(files), Some(json)) = (&self.files, json) {
            files.write(json);
        }
    }
}
