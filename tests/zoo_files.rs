//! Keys and certificates in every form that the openssl program writes, and some that others do.
//!
//! A recipe names files, to be put behind each other, and what is done to them: `p256.crt`, `crlf:p256.crt+p256.key`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::real_software::needs;

/// A folder full of them.
pub(crate) struct Zoo {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Zoo {
    /// Makes all that is in the tables below, if openssl is there.
    pub(crate) fn make() -> Option<Self> {
        let zoo = Self { program: needs("openssl")?, folder: tempfile::tempdir().unwrap() };
        for (name, text) in TEXTS {
            fs::write(zoo.path(name), text).unwrap();
        }
        for (name, subject, issuer) in AUTHORITIES {
            zoo.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
            zoo.issue(name, subject, issuer, "ca");
        }
        for (name, algorithm) in KEYS {
            zoo.openssl(&format!("genpkey -algorithm {algorithm} -out {name}.key"));
            zoo.issue(name, "acme", "lower", "client");
        }
        fs::write(zoo.path("chain.pem"), zoo.cook("lower.crt+upper.crt+root.crt")).unwrap();
        for command in COMMANDS.iter().flat_map(|table| table.lines()).map(str::trim) {
            zoo.openssl(command);
        }
        Some(zoo)
    }

    /// The path of one of the files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a recipe makes.
    pub(crate) fn cook(&self, recipe: &str) -> Vec<u8> {
        let (change, names) = recipe.split_once(':').unwrap_or(("", recipe));
        let bytes = names.split('+').flat_map(|name| fs::read(self.path(name)).expect(name)).collect();
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let lines =
            |edit: fn(&str) -> String| text(&bytes).lines().map(edit).collect::<String>().into_bytes();
        match change {
            "" => bytes,
            "blank-lines" => lines(|line| format!("\n{line}  \n \n")),
            "bom" => [b"\xef\xbb\xbf", &*bytes].concat(),
            "commented" => lines(|line| {
                let comment =
                    if line.starts_with("-----BEGIN") { "# Clé de l'entreprise: acme\n" } else { "" };
                format!("{comment}{line}\n")
            }),
            "cr" => lines(|line| format!("{line}\r")),
            "crlf" => lines(|line| format!("{line}\r\n")),
            "cut" => bytes[..bytes.len() / 2].to_vec(),
            "escaped" => lines(|line| format!("{line}\\n")),
            "indented" => lines(|line| format!("\t  {line}\n")),
            "twice" => bytes.repeat(2),
            "unended" => bytes.trim_ascii_end().to_vec(),
            "unwrapped" => {
                lines(|line| if line.starts_with("--") { format!("\n{line}\n") } else { line.to_owned() })
            }
            "utf16" => {
                let units = text(&bytes).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
                [b"\xff\xfe", &*units].concat()
            }
            other => panic!("nothing is called {other}"),
        }
    }

    fn issue(&self, name: &str, subject: &str, issuer: &str, extensions: &str) {
        self.openssl(&format!("req -new -key {name}.key -subj /CN={subject} -out {name}.csr"));
        let by = if issuer == name {
            format!("-signkey {name}.key")
        } else {
            format!("-CA {issuer}.crt -CAkey {issuer}.key -CAcreateserial")
        };
        let ours = format!("-days 30 -extfile extensions -extensions {extensions}");
        self.openssl(&format!("x509 -req -in {name}.csr {by} {ours} -out {name}.crt"));
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new(&self.program);
        let output = command.current_dir(self.folder()).args(arguments.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Name, subject, issuer.
const AUTHORITIES: [(&str, &str, &str); 4] = [
    ("root", "root", "root"),
    ("upper", "upper", "root"),
    ("lower", "lower", "upper"),
    ("stranger", "stranger", "stranger"),
];

/// Each with a certificate by `lower`.
const KEYS: [(&str, &str); 12] = [
    ("ed25519", "ED25519"),
    ("ed448", "ED448"),
    ("explicit", "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
    ("k256", "EC -pkeyopt ec_paramgen_curve:secp256k1"),
    ("other", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p256", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
    ("p521", "EC -pkeyopt ec_paramgen_curve:P-521"),
    ("rsa1024", "RSA -pkeyopt rsa_keygen_bits:1024"),
    ("rsa2048", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa3072", "RSA -pkeyopt rsa_keygen_bits:3072"),
    ("rsa4096", "RSA -pkeyopt rsa_keygen_bits:4096"),
];

const COMMANDS: [&str; 5] = [PLAIN, ENCRYPTED, PKCS12, FOREIGN, SELF_ISSUED];

const PLAIN: &str = "ec -in p256.key -out p256-sec1.key
    ec -in p384.key -out p384-sec1.key
    rsa -in rsa2048.key -traditional -out rsa2048-pkcs1.key
    rsa -in rsa4096.key -traditional -out rsa4096-pkcs1.key
    ec -in p256.key -no_public -out p256-without-public.key
    pkcs8 -topk8 -nocrypt -in p256.key -outform DER -out p256-pkcs8.der
    pkcs8 -topk8 -nocrypt -in ed25519.key -outform DER -out ed25519-pkcs8.der
    ec -in p256.key -outform DER -out p256-sec1.der
    rsa -in rsa2048.key -traditional -outform DER -out rsa2048-pkcs1.der
    x509 -in p256.crt -outform DER -out p256.cer
    x509 -in rsa2048.crt -outform DER -out rsa2048.cer
    x509 -in ed25519.crt -outform DER -out ed25519.cer
    x509 -in lower.crt -outform DER -out lower.cer
    x509 -in root.crt -outform DER -out root.cer
    x509 -in p256.crt -text -out p256-text.crt
    ecparam -name prime256v1 -out p256.parameters";

const ENCRYPTED: &str = "pkcs8 -topk8 -in p256.key -passout pass:swordfish -out default.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 aes-128-cbc -v2prf hmacWithSHA1 -out aes128-sha1.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 aes-192-cbc -v2prf hmacWithSHA224 -out aes192-sha224.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 aes-256-cbc -v2prf hmacWithSHA384 -out aes256-sha384.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 aes-256-cbc -v2prf hmacWithSHA512 -out aes256-sha512.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 des3 -v2prf hmacWithSHA1 -out des3-sha1.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 des3 -v2prf hmacWithSHA256 -out des3-sha256.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -scrypt -out scrypt.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -scrypt -scrypt_r 12 -out scrypt-large.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -iter 1 -out one-round.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -iter 10000 -out many-rounds.key
    pkcs8 -topk8 -in rsa2048.key -passout pass:swordfish -out rsa2048-encrypted.key
    pkcs8 -topk8 -in ed25519.key -passout pass:swordfish -out ed25519-encrypted.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -outform DER -out p256-encrypted.der
    pkcs8 -topk8 -in p256.key -passout pass:contraseña-密碼 -out words.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v2 camellia-256-cbc -out camellia.key
    pkcs8 -topk8 -in p256.key -passout pass:swordfish -v1 PBE-SHA1-3DES -out pbes1.key
    pkcs8 -topk8 -in rsa2048.key -passout pass:swordfish -v1 PBE-MD5-DES -provider legacy -provider default -out md5.key
    rsa -in rsa2048.key -aes256 -passout pass:swordfish -traditional -out rsa2048-old.key
    ec -in p256.key -aes256 -passout pass:swordfish -out p256-old.key";

const PKCS12: &str = "pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -out default.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -legacy -out legacy.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -out des3.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -legacy -certpbe PBE-SHA1-RC2-128 -out rc2-128.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -nomac -out nomac.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -certpbe NONE -keypbe NONE -out plain.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass: -certpbe NONE -keypbe NONE -nomac -out bare.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass: -out empty-passphrase.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:contraseña-密碼 -out words.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:contraseña-密碼 -legacy -out words-legacy.p12
    pkcs12 -export -inkey p256.key -in p256.crt -certfile chain.pem -name acme -passout pass:swordfish -out chain.p12
    pkcs12 -export -inkey rsa2048.key -in rsa2048.crt -certfile chain.pem -passout pass:swordfish -legacy -out rsa2048.p12
    pkcs12 -export -inkey ed25519.key -in ed25519.crt -passout pass:swordfish -macalg sha512 -out ed25519.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -iter 10000 -out many-rounds.p12
    pkcs12 -export -inkey p256.key -nocerts -passout pass:swordfish -out key-alone.p12
    pkcs12 -export -nokeys -in p256.crt -passout pass:swordfish -out certificate-alone.p12
    pkcs12 -export -inkey p256.key -in p256.crt -passout pass:swordfish -iter 1 -out one-round.p12
    pkcs12 -in chain.p12 -passin pass:swordfish -nodes -out bag-attributes.pem";

const FOREIGN: &str = "pkey -in p256.key -pubout -out public.pem
    pkey -in p256.key -pubout -outform DER -out public.der
    rsa -in rsa2048.key -RSAPublicKey_out -out public-pkcs1.pem
    req -in p256.csr -outform DER -out csr.der
    crl2pkcs7 -nocrl -certfile p256.crt -out p256.p7b
    crl2pkcs7 -nocrl -certfile p256.crt -outform DER -out p256.p7c
    x509 -in p256.crt -trustout -addtrust clientAuth -out trusted.pem
    ca -config ca.conf -gencrl -keyfile root.key -cert root.crt -crldays 30 -out root.crl
    crl -in root.crl -outform DER -out crl.der
    base64 -in p256.cer -out bare.base64";

const SELF_ISSUED: &str = "x509 -req -in p256.csr -signkey p256.key -days 30 -extfile extensions -extensions client -out p256-self-signed.crt
    x509 -req -in root.csr -signkey root.key -days 30 -out root-v1.crt
    x509 -req -in p256.csr -CA lower.crt -CAkey lower.key -CAcreateserial -days 60 -extfile extensions -extensions client -out p256-renewed.crt
    x509 -req -in upper.csr -signkey upper.key -days 30 -extfile extensions -extensions ca -out upper-as-root.crt";

const TEXTS: [(&str, &[u8]); 12] = [
    ("ca.conf", b"[ca]\ndefault_ca = own\n[own]\ndatabase = ca.index\ndefault_md = sha256\n"),
    ("ca.index", b""),
    ("empty", b""),
    (
        "extensions",
        b"[ca]\nbasicConstraints = critical, CA:TRUE\nsubjectKeyIdentifier = hash\n\
          [client]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = clientAuth\nsubjectAltName = DNS:acme.example\n",
    ),
    ("key.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01"),
    ("page.html", b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>-----</body></html>\n"),
    ("notes.txt", b"The certificate is in the other folder.\n"),
    ("openapi.json", b"{\n  \"openapi\": \"3.0.1\",\n  \"info\": { \"title\": \"Clara API\" }\n}\n"),
    ("openapi.yaml", b"---\nopenapi: 3.0.1\ninfo:\n  title: Clara API\n"),
    ("ssh.key", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"),
    ("ssh.pub", b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI acme@example\n"),
    ("whitespace", b" \r\n\n"),
];
