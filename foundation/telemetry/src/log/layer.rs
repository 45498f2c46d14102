//! The `tracing` layer that formats events and queues them.

use std::sync::Arc;

use outrigger_stdx::Clock;
use tracing::{Event, Subscriber, span};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{
    line::{Fields, Line},
    writer::Writer,
};

/// Formats events as lines, with the fields of their spans, such as `request_id`.
#[derive(Debug)]
pub(super) struct LineLayer {
    stderr: Writer,
    files: Option<Writer>,
    clock: Arc<dyn Clock>,
}

impl LineLayer {
    pub(super) fn new(stderr: Writer, files: Option<Writer>, clock: Arc<dyn Clock>) -> Self {
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
        // Done before the lock is taken: if formatting a value panics, logging that panic reads the span.
        let mut recorded = Fields::default();
        values.record(&mut recorded);
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            recorded.inherit(fields);
            *fields = recorded;
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
        // Events from the `log` crate have their source location in their fields.
        let from_log = event.normalized_metadata();
        let metadata = from_log.as_ref().unwrap_or_else(|| event.metadata());
        let line = Line {
            at: self.clock.now(),
            level: *metadata.level(),
            target: metadata.target(),
            fields,
        };
        let text = line.to_bytes(self.stderr.style());
        if let Some(files) = &self.files {
            files.write(match self.stderr.style() == files.style() {
                true => text.clone(),
                false => line.to_bytes(files.style()),
            });
        }
        self.stderr.write(text);
    }
}
