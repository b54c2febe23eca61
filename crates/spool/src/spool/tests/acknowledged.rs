//! What is done with, who may look, and everything in any order.

use super::*;

#[test]
fn removes_files_that_are_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::builder(folder.path()).with_limit(40_000).open().unwrap();
    append(&mut spool, &frames(0..300));
    assert!(data_files(folder.path()).len() > 2);
    read_all(&mut spool);
    spool.acknowledge(299).unwrap();
    assert_eq!(data_files(folder.path()).len(), 1);
    append(&mut spool, &frames(300..301));
    assert_eq!(numbers(&read_all(&mut spool)), [300]);
    drop(spool);
    fs::remove_file(folder.path().join("cursor")).unwrap();
    let found = numbers(&read_all(&mut open(folder.path())));
    assert!(found[0] > 200 && found.last() == Some(&300), "it begins with the oldest file: {found:?}");
}

#[test]
fn a_lost_cursor_costs_duplicates_and_no_frames() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..4));
    read_all(&mut spool);
    spool.acknowledge(2).unwrap();
    drop(spool);
    fs::remove_file(folder.path().join("cursor")).unwrap();
    drop(open(folder.path()));
    let again = read_all(&mut open(folder.path()));
    assert_eq!(numbers(&again), [0, 1, 2, 3]);
    assert!(again.iter().all(|record| record.is_resent), "nobody knows");
}

#[test]
fn nothing_of_what_is_acknowledged_stays_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = || data_files(folder.path()).iter().map(|it| fs::metadata(it).unwrap().len()).sum::<u64>();
    let mut spool = open(folder.path());
    append(&mut spool, &[frame(0, 70_000)]);
    read_all(&mut spool);
    spool.acknowledge(0).unwrap();
    assert_eq!(occupied(), 0, "it was large");
    append(&mut spool, &frames(1..3));
    assert_eq!(numbers(&read_all(&mut spool)), [1, 2]);
    spool.acknowledge(2).unwrap();
    assert!(occupied() > 0);
    drop(spool);
    assert_eq!(occupied(), 0, "it is closed");
    let mut spool = open(folder.path());
    append(&mut spool, &frames(3..4));
    assert_eq!(numbers(&read_all(&mut spool)), [3]);
    assert_eq!(fs::metadata(folder.path().join("cursor")).unwrap().len(), 40, "it takes no more room");
}

#[test]
fn frames_that_were_acknowledged_and_never_written_out_are_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..4));
    read_all(&mut spool);
    spool.acknowledge(3).unwrap();
    drop(spool);
    let path = data_files(folder.path()).pop().unwrap();
    fs::rename(path, folder.path().join("00000000000000000000.records")).unwrap();
    let mut spool = open(folder.path());
    assert_eq!(spool.waiting(), 0);
    append(&mut spool, &frames(4..5));
    assert_eq!(numbers(&read_all(&mut spool)), [4]);
}

#[test]
fn one_process_at_a_time_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let error = Spool::builder(folder.path()).open().unwrap_err();
    assert!(error.to_string().starts_with("another process has this spool open"), "{error}");
    drop(spool);
    open(folder.path());
}

#[cfg(unix)]
#[test]
fn is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt;

    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("a/spool");
    let mut spool = open(&folder);
    append(&mut spool, &frames(0..1));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let entries: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(entries.iter().all(|path| mode(path) == 0o600));
}

#[cfg(unix)]
#[test]
fn folders_above_it_may_be_looked_at_too() {
    use std::os::unix::fs::PermissionsExt;

    let root = tempfile::tempdir().unwrap();
    let builder = Spool::builder(root.path().join("a/spool"));
    builder.clone().with_root(root.path()).open().unwrap();
    for open in [root.path().join("a"), root.path().to_owned()] {
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let error = builder.clone().with_root(root.path()).open().unwrap_err();
        assert_eq!(error.subject(), Some(&*open.display().to_string()));
        builder.clone().open().unwrap();
    }
}

/// What happens to a spool. Sizes are small, so that files are many.
#[derive(Clone, Debug)]
enum Step {
    Append(u64),
    Read(usize),
    Acknowledge(usize),
    /// The connection ends.
    Rewind,
    /// The process is killed: what the system was given, it keeps.
    Kill,
    /// The power fails: of what was not written out, this much is left, and of the cursor an older state.
    PowerFailure {
        appended: u64,
        left: usize,
        with_cursor: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..30_u64).prop_map(Step::Append),
        (1..30_usize).prop_map(Step::Read),
        (1..30_usize).prop_map(Step::Acknowledge),
        Just(Step::Rewind),
        Just(Step::Kill),
        (0..30_u64, 0..3_000_usize, any::<bool>())
            .prop_map(|(appended, left, with_cursor)| Step::PowerFailure { appended, left, with_cursor }),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens: what was written out is read until it is acknowledged, once per connection and in order.
    #[test]
    fn loses_nothing_that_was_written_out(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let builder = Spool::builder(folder.path()).with_limit(12_000);
        let mut spool = builder.clone().open().unwrap();
        let (mut end, mut acknowledged, mut under_way) = (0_u64, 0_u64, VecDeque::new());
        let mut old_cursor = fs::read(folder.path().join("cursor")).unwrap();
        for step in steps {
            match step {
                Step::Append(count) => {
                    let (taken, file) = spool.append(&frames(end..end + count)).unwrap();
                    file.sync_data().unwrap();
                    end += taken as u64;
                }
                Step::Read(count) => {
                    for _ in 0..count {
                        let expected = under_way.back().map_or(acknowledged, |last| last + 1);
                        let record = spool.read().unwrap();
                        prop_assert_eq!(record.as_ref().map(|it| it.number), (expected < end).then_some(expected));
                        let Some(record) = record else { break };
                        numbers(&[record]);
                        under_way.push_back(expected);
                    }
                    spool.mark_sent().unwrap();
                }
                Step::Acknowledge(count) => {
                    let count = count.min(under_way.len());
                    if let Some(last) = under_way.drain(..count).next_back() {
                        spool.acknowledge(last).unwrap();
                        acknowledged = last + 1;
                    }
                }
                Step::Rewind => {
                    spool.rewind();
                    under_way.clear();
                }
                Step::Kill => {
                    drop(spool);
                    spool = builder.clone().open().unwrap();
                    under_way.clear();
                    prop_assert_eq!(spool.waiting(), end - acknowledged);
                    old_cursor = fs::read(folder.path().join("cursor")).unwrap();
                }
                Step::PowerFailure { appended, left, with_cursor } => {
                    let files = data_files(folder.path());
                    let sizes: Vec<_> = files.iter().map(|it| fs::metadata(it).unwrap().len()).collect();
                    // These are not written out, unless by a file that was full.
                    spool.append(&frames(end..end + appended)).unwrap();
                    drop(spool);
                    let now = data_files(folder.path());
                    let last = now.last().unwrap();
                    let kept = files.iter().zip(sizes).find(|(file, _)| *file == last).map_or(0, |(_, size)| size);
                    let size = fs::metadata(last).unwrap().len();
                    let file = fs::OpenOptions::new().write(true).open(last).unwrap();
                    file.set_len(size.min(kept + left as u64)).unwrap();
                    if with_cursor {
                        fs::write(folder.path().join("cursor"), &old_cursor).unwrap();
                    }
                    spool = builder.clone().open().unwrap();
                    under_way.clear();
                    let first = spool.mark.acknowledged;
                    prop_assert!(first <= acknowledged, "{} is not acknowledged", acknowledged);
                    prop_assert!(spool.next() >= end, "{} are gone", end - spool.next().min(end));
                    (acknowledged, end) = (first, spool.next());
                    old_cursor = fs::read(folder.path().join("cursor")).unwrap();
                }
            }
        }
        spool.rewind();
        prop_assert_eq!(numbers(&read_all(&mut spool)), (acknowledged..end).collect::<Vec<_>>());
    }
}
