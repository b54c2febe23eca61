//! Calls of Clarify's methods: types of one's own, and what may come back in the place of a result.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{collections::BTreeMap, env};

use claviger_auth_core::BoxError;
use claviger_clarify::{CallError, Client, Config, Credentials, RpcClient};
use claviger_mtls::Trust;
use serde::{Deserialize, Serialize};

/// The parameters of `integration.insert`.
#[derive(Serialize)]
struct Insert<'a> {
    integration: &'a str,
    data: Frame<'a>,
}

#[derive(Serialize)]
struct Frame<'a> {
    times: &'a [&'a str],
    series: BTreeMap<&'a str, &'a [Option<f64>]>,
}

/// The result of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inserted {
    signals_by_input: BTreeMap<String, Summary>,
}

#[derive(Deserialize)]
struct Summary {
    id: String,
    created: bool,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let (file, ca) = match &words[..] {
        [file] => (file, None),
        [file, ca] => (file, Some(ca)),
        _ => return Err("usage: rpc CREDENTIALS.json [CA.pem]".into()),
    };
    let mut config = Config::new(Credentials::from_file(file)?);
    if let Some(ca) = ca {
        // The sandbox's authority, which the platform does not know.
        config = config.with_trust(Trust::given([&*std::fs::read(ca)?])?);
    }
    let clarify = RpcClient::new(&config, Client::new(&config)?);

    let insert = |series| Insert {
        integration: config.credentials().integration(),
        data: Frame { times: &["2026-11-22T08:00:00Z", "2026-11-22T08:01:00Z"], series },
    };
    let good = insert([("boiler", &[Some(81.5), None][..])].into());
    let inserted: Inserted = clarify.call("integration.insert", &good).await?;
    for (input, signal) in inserted.signals_by_input {
        println!("{input}: signal {}, {}", signal.id, if signal.created { "new" } else { "known" });
    }

    // Two times, one value.
    let bad = insert([("boiler", &[Some(81.5)][..])].into());
    match clarify.call::<Inserted>("integration.insert", &bad).await {
        Err(CallError::Rpc(error)) => {
            println!("{error}");
            for (field, reasons) in error.fields() {
                println!("  {field}: {}", reasons.join(", "));
            }
        }
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("Clarify took it".into()),
    }
    Ok(())
}
