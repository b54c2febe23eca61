//! Clarify's MQTT broker: data frames, published at least once, and kept on disk until they are acknowledged.
//!
//! ```text
//! DataFrame ─▶ Publisher::publish ─▶ Spool (disk) ─▶ Publisher::run ─▶ MtlsConnector ─▶ mqtt.clarify.io:8883
//! ```
//!
//! The broker takes MQTT 3.1.1 over TLS, with the user name and password of an integration's Basic credentials
//! (Clarify's documentation, "Authentication", "Basic Auth"). No page of Clarify's documents the rest; it is what
//! Clarify's own connector for eWON gateways does: host and port, a keep-alive of 30 s, the topic `dataframe`, QoS 1
//! without retaining.
//!
//! # What MQTT 3.1.1 cannot tell
//!
//! It has no answer to a message but "I have it" (PUBACK). A broker that does not allow a topic, or cannot make
//! anything of a payload, either acknowledges it all the same or closes the connection (MQTT 3.1.1 §3.3.5); the
//! former cannot be told from success. So a [`DataFrame`] is looked at before it is taken, and a broker that closes
//! the connection five times without acknowledging anything is an error.
//!
//! # Why there is no MQTT client below it
//!
//! The spool is the queue, and its cursor the state of the session. A client that has both itself (rumqttc) would
//! keep each frame twice, and tells acknowledgements by packet id; 0.25.1 also brings a second rustls-webpki (0.102)
//! and the archived rustls-pemfile. What is left of the protocol for a publisher are six packets of fixed form, and
//! the connection is our own [`MtlsConnector`](claviger_mtls::MtlsConnector), with its words for what goes wrong.

mod broker;
mod connection;
mod data_frame;
mod frame_lines;
mod packet;
mod publisher;

pub use {
    broker::Broker,
    claviger_spool::{Spool, SpoolBuilder},
    data_frame::DataFrame,
    frame_lines::FrameLines,
    publisher::{Progress, Publisher, PublisherBuilder},
};
