//! Which certificates go above the client's own, and which of several is taken.

use super::*;

#[test]
fn puts_the_chain_in_order_and_leaves_out_the_rest() {
    let root = Authority::new("root");
    let (upper, stranger) = (root.below("upper"), Authority::new("stranger"));
    let lower = upper.below("lower");
    let pair = lower.issue("client");
    let shuffled =
        [root.pem(), stranger.pem(), upper.pem(), pair.key.clone(), pair.certificate, lower.pem()].concat();
    let identity = load(&[shuffled.as_bytes()]).unwrap();
    assert_eq!(identity.chain_length(), 4);
    let subjects: Vec<_> =
        identity.chain().into_iter().map(|der| Certificate::parse(der).unwrap().subject()).collect();
    assert!(subjects[0].contains("CN=client"), "{subjects:?}");
    assert_eq!(subjects[1..], ["CN=lower", "CN=upper", "CN=root"]);
}

#[test]
fn of_issuers_with_the_same_name_takes_the_one_whose_key_signed() {
    let (one, other) = (Authority::new("same"), Authority::new("same"));
    for signer in [&one, &other] {
        let pair = signer.issue("client");
        for order in
            [[&pair.certificate, &one.pem(), &other.pem()], [&one.pem(), &other.pem(), &pair.certificate]]
        {
            let text = order.map(String::as_str).concat();
            let identity = load(&[text.as_bytes(), pair.key.as_bytes()]).unwrap();
            let issuer = CertificateDer::from_pem_slice(signer.pem().as_bytes()).unwrap();
            assert_eq!(identity.chain()[1..], [issuer]);
        }
    }
}

#[test]
fn of_an_issuers_certificates_takes_the_valid_one_and_then_the_first() {
    let authority = Authority::new("authority");
    let pair = authority.issue("client");
    let expired = authority.reissued("authority", 2020, 2021);
    let (first, second) =
        (authority.reissued("authority", 2020, 2090), authority.reissued("authority", 2020, 2095));
    let text = [&*pair.certificate, &expired, &first, &second].concat();
    let identity = load(&[text.as_bytes(), pair.key.as_bytes()]).unwrap();
    assert_eq!(identity.chain()[1..], [CertificateDer::from_pem_slice(first.as_bytes()).unwrap()]);
}

#[test]
fn of_an_old_and_a_renewed_certificate_takes_the_valid_one() {
    let authority = Authority::new("authority");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = |from, to| {
        let mut params = rcgen::CertificateParams::new(vec!["client".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        params.self_signed(&key).unwrap().pem()
    };
    let text = [certificate(2020, 2021), certificate(2025, 2050), certificate(2060, 2070)].concat();
    let identity = load(&[key.serialize_pem().as_bytes(), text.as_bytes(), authority.pem().as_bytes()]);
    assert!(identity.unwrap().is_valid_at(now()));
}
