//! No file, however malformed, makes a panic, takes long, or takes more memory than it may.
//!
//! The files are those of the zoo with bytes changed, cut off, put in and repeated, by a fixed seed; and some that are
//! made to be costly. It is a program of its own, since it measures the memory of the whole process.

#[cfg(test)]
#[expect(dead_code, reason = "only what finds openssl is of use here")]
mod real_software;
#[cfg(test)]
mod zoo_files;

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        time::{Duration, Instant},
    };

    use claviger_mtls::{Identity, Trust};
    use peak_alloc::PeakAlloc;
    use rustls::crypto::ring;

    use crate::zoo_files::Zoo;

    #[global_allocator]
    static MEMORY: PeakAlloc = PeakAlloc;

    /// All forms that there are, those with few rounds of hashing where there is a choice.
    const RECIPES: [&str; 22] = [
        "bag-attributes.pem",
        "bare.p12",
        "chain.pem",
        "crl.der",
        "csr.der",
        "commented:p256.crt+p256.key",
        "indented:p256.crt+p256-sec1.key",
        "one-round.key",
        "one-round.p12",
        "openapi.json",
        "p256-pkcs8.der",
        "p256-sec1.der",
        "p256-text.crt",
        "p256.cer+lower.cer",
        "p256.crt+lower.crt+upper.crt+root.crt+p256.key+other.key",
        "p256.p7c",
        "page.html",
        "plain.p12",
        "public.der",
        "rsa2048-pkcs1.der",
        "rsa2048.crt+rsa2048-pkcs1.key",
        "trusted.pem",
    ];

    #[test]
    fn no_file_makes_a_panic_takes_long_or_takes_more_than_16_mib() {
        let Some(zoo) = Zoo::make() else { return };
        let mut dice = Dice(0x5eed);
        let mut loaded = 0;
        for recipe in RECIPES {
            let file = zoo.cook(recipe);
            for round in 0..ROUNDS {
                let name = format!("{recipe}, {round}");
                let (is_loaded, _) = read(&name, &mutated(&file, &mut dice), MOST_MEMORY);
                loaded += usize::from(is_loaded);
            }
        }
        // Some changes do no harm: the mutants are not all refused at the first byte.
        assert!(loaded > 0);
        for (name, file) in costly(&zoo) {
            read(name, &file, MOST_MEMORY);
        }
        // scrypt takes 16 MiB by itself, as OpenSSL uses it.
        let (is_loaded, peak) = read("scrypt", &zoo.cook("p256.crt+scrypt.key"), MOST_MEMORY + 64 * 1024);
        assert!(is_loaded && peak > MOST_MEMORY, "the memory is measured: {peak} bytes");
    }

    /// Reads a file as an identity and as a trust. It tells whether it is one, and what it took.
    fn read(name: &str, file: &[u8], most_memory: usize) -> (bool, usize) {
        let provider = Arc::new(ring::default_provider());
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let began = now();
        let builder = Identity::builder().with_crypto_provider(provider).with_pem("file", file);
        let identity = builder.with_passphrase("swordfish".into()).build();
        let trust = Trust::given([file]);
        let _ = Trust::authorities_in(file);
        let (took, peak) = (began.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        assert!(peak <= most_memory, "{name}: {peak} bytes");
        assert!(took <= LONGEST, "{name}: {took:?}");
        (identity.is_ok() || trust.is_ok(), peak)
    }

    fn mutated(file: &[u8], dice: &mut Dice) -> Vec<u8> {
        let mut file = file.to_vec();
        for _ in 0..=dice.below(3) {
            let at = dice.below(file.len().max(1));
            let end = (at + dice.below(64)).min(file.len());
            match dice.below(7) {
                0 => file.truncate(at),
                1 => drop(file.drain(at..end)),
                2 => file.insert(at, u8::try_from(dice.below(256)).unwrap()),
                // Lengths in DER: long, longer, and left open.
                3 if end > at => file[at] = [0x80, 0x81, 0x82, 0x83, 0x84, 0xff, 0x30][dice.below(7)],
                4 => {
                    let part = file[at..end].to_vec();
                    file.splice(at..at, part);
                }
                5 => {
                    let random = (0..dice.below(16)).map(|_| u8::try_from(dice.below(256)).unwrap());
                    file.splice(at..at, random.collect::<Vec<u8>>());
                }
                _ if end > at => file[at] ^= 1 << dice.below(8),
                _ => {}
            }
        }
        file
    }

    /// As large as a file may be, or made of what is counted, nested or tried one by one.
    fn costly(zoo: &Zoo) -> Vec<(&'static str, Vec<u8>)> {
        let filled = |bytes: &[u8]| bytes.repeat(LARGEST / bytes.len());
        let framed = |label: &str, body: &[u8]| {
            let line = |word| format!("-----{word} {label}-----\n").into_bytes();
            [&*line("BEGIN"), body, b"\n", &*line("END")].concat()
        };
        let nested = |tag: u8| {
            let mut inside = vec![0x05, 0x00];
            for _ in 0..100_000 {
                let length = u32::try_from(inside.len()).unwrap().to_be_bytes();
                let head = [tag, 0x83, length[1], length[2], length[3]];
                inside.extend(head.iter().rev());
            }
            inside.reverse();
            inside
        };
        vec![
            ("zeros", filled(b"\0")),
            ("letters", filled(b"M")),
            ("line ends", filled(b"\n")),
            ("dashes", filled(b"-")),
            ("begins", filled(b"-----BEGIN X-----\n")),
            ("empty blocks", filled(&framed("PRIVATE KEY", b""))),
            ("small blocks", filled(&framed("CERTIFICATE", b"MAA="))),
            ("one large block", framed("CERTIFICATE", &filled(b"MAAA")[..LARGEST - 100])),
            ("many certificates", filled(&zoo.cook("p256.crt"))),
            ("many keys", filled(&zoo.cook("p256.key"))),
            (
                "many encrypted keys",
                [zoo.cook("p256.crt"), filled(&zoo.cook("many-rounds.key"))].concat()[..LARGEST].to_vec(),
            ),
            ("many keys in DER", filled(&zoo.cook("p256-sec1.der"))),
            ("many certificates in DER", filled(&zoo.cook("p256.cer"))),
            ("small keys in DER", filled(b"\x30\x05\x02\x01\x01\x04\x00")),
            ("empty sequences", filled(b"\x30\x00")),
            ("a sequence in a sequence", nested(0x30)),
            ("an octet string in an octet string", nested(0x04)),
            ("too large", filled(&framed("PRIVATE KEY", b"MAA=")).repeat(16)),
        ]
    }

    /// Numbers that look random and are the same each time (xorshift).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 16).unwrap() % limit
        }
    }

    #[expect(clippy::disallowed_methods, reason = "measures how long the reader takes")]
    fn now() -> Instant {
        Instant::now()
    }

    const LARGEST: usize = 1024 * 1024;
    /// Generous: unoptimized, on a machine with much else to do.
    const LONGEST: Duration = Duration::from_secs(20);
    const MOST_MEMORY: usize = 16 * 1024 * 1024;
    const ROUNDS: usize = 400;
}
