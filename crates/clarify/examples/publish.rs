//! Data frames to Clarify's MQTT broker: kept on disk until it has acknowledged them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::env;

use claviger_auth_core::BoxError;
use claviger_clarify::{
    Config, Credentials,
    mqtt::{Broker, DataFrame, Publisher, Spool},
};
use claviger_mtls::Trust;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let (file, folder, elsewhere) = match &words[..] {
        [file, folder] => (file, folder, None),
        [file, folder, url, ca] => (file, folder, Some((url, ca))),
        _ => return Err("usage: publish BASIC-CREDENTIALS.json SPOOL-FOLDER [MQTT-URL CA.pem]".into()),
    };
    let mut config = Config::new(Credentials::from_file(file)?);
    let mut broker = Broker::production();
    if let Some((url, ca)) = elsewhere {
        broker = Broker::new(url)?;
        config = config.with_trust(Trust::given([&*std::fs::read(ca)?])?);
    }
    let spool = Spool::builder(folder).with_limit(64 * 1024 * 1024).open()?;
    let publisher = Publisher::builder(&config, broker)
        .with_warning(|error| eprintln!("{error}; trying again"))
        .build(spool)?;

    // In earnest a task of its own measures, and another runs the publisher for ever: run(std::future::pending()).
    let measuring = async {
        for second in 1_700_000_000..1_700_000_003 {
            let text = format!(r#"{{"times":[{second}],"series":{{"temperature":[21.5]}}}}"#);
            let published = match DataFrame::from_json(text) {
                Ok(frame) => publisher.publish(vec![frame]).await,
                Err(error) => Err(error),
            };
            assert!(published.is_ok(), "{published:?}");
        }
    };
    publisher.run(measuring).await?;

    let progress = publisher.progress();
    assert_eq!(progress.waiting, 0);
    println!("{} published, {} of them twice at most", progress.acknowledged, progress.resent);
    Ok(())
}
