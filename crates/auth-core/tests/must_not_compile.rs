//! What must not compile: each case is a mistake that would send a secret, or a request, where it must not go.
//!
//! The compiler's words are compared with the `.stderr` beside each case. After a change of ours or of the
//! compiler, `TRYBUILD=overwrite cargo test -p claviger-auth-core --test must_not_compile` writes them anew: read
//! what changed before you commit it.

#[test]
fn these_mistakes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/must_not_compile/*.rs");
}
