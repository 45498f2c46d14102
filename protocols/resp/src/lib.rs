#![doc = include_str!("../README.md")]

mod error;
mod inline;
mod limits;
mod number;
mod reply;
mod reply_buffer;
mod request;
mod requests;
mod value;

pub use error::ProtocolError;
pub use limits::{Limits, Trust};
pub use number::parse_integer;
pub use reply::{Protocol, ReplyWriter};
pub use reply_buffer::ReplyBuffer;
pub use request::{Args, Parser, Refusal, Step, encode_request};
pub use requests::Requests;
pub use value::{ReplyError, Value, decode_reply};

pub mod invariants;
