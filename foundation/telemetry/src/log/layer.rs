//! Makes lines of events and hands them out.

use std::sync::Arc;

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

/// Makes lines of events, with the fields of the spans they happened in, such as `request_id`.
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
        let text = line.to_bytes(self.stderr.look());
        if let Some(files) = &self.files {
            files.write(match self.stderr.look() == files.look() {
                true => text.clone(),
                false => line.to_bytes(files.look()),
            });
        }
        self.stderr.write(text);
    }
}
