//! The group of companies, and what they have: made up, and the same at every start.

use claviger_sandbox_stage::identifier::uuid;
use serde_json::{Value, json};

/// One company of the group.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) tax_identifier: &'static str,
    pub(super) name: &'static str,
}

/// The first is the one of Clara's own sample ("Multi-Entity Project").
pub(super) const COMPANIES: &[Company] = &[
    Company { tax_identifier: "ACME8001011H0", name: "Acme Comercial" },
    Company { tax_identifier: "TPR950612KL4", name: "Tornillos y Poleas del Río" },
];

pub(super) fn find(tax_identifier: &str) -> Option<&'static Company> {
    COMPANIES.iter().find(|company| company.tax_identifier == tax_identifier)
}

/// Names a company as the answers do; without one it is the whole group.
pub(super) fn describe(company: Option<&Company>) -> Value {
    match company {
        Some(company) => json!({ "taxIdentifier": company.tax_identifier, "name": company.name }),
        None => json!({ "taxIdentifier": null, "name": "the group" }),
    }
}

/// Lists what a company, or the whole group, has of a resource.
pub(super) fn items(environment: &str, resource: &str, company: Option<&Company>) -> Vec<Value> {
    COMPANIES
        .iter()
        .filter(|other| company.is_none_or(|company| company.tax_identifier == other.tax_identifier))
        .flat_map(|company| (0..PER_COMPANY).map(move |index| (company, index)))
        .map(|(company, index)| {
            let name = format!("{environment}/{resource}/{}/{index}", company.tax_identifier);
            json!({
                "uuid": uuid(&name),
                "label": format!("{resource} {index}"),
                // Amounts are in currency units.
                "amount": 100.5 + f64::from(index),
                "currency": "MXN",
                "taxIdentifier": company.tax_identifier,
            })
        })
        .collect()
}

const PER_COMPANY: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_has_what_its_companies_have() {
        let of = |company| items("production", "cards", company);
        let acme = of(find("ACME8001011H0"));
        let other = of(find("TPR950612KL4"));
        assert_eq!(of(None), [acme.clone(), other.clone()].concat());
        assert_ne!(acme[0]["uuid"], other[0]["uuid"]);
        assert_eq!(acme[0]["uuid"].as_str().unwrap().len(), 36);
    }
}
