use super::*;

/// What the engine hands over at once.
const CHUNK: usize = 16 * 1024;

const NOON: &str = "2026-11-21T12:00:00.000000001Z";
const LATER: &str = "2026-11-21T12:00:00.000000002Z";

fn out(text: impl AsRef<[u8]>) -> LogOutput {
    LogOutput::StdOut { message: text.as_ref().to_vec().into() }
}

fn err(text: impl AsRef<[u8]>) -> LogOutput {
    LogOutput::StdErr { message: text.as_ref().to_vec().into() }
}

fn read(chunks: &[LogOutput]) -> Vec<LogLine> {
    read_by(LineReader::new(LogTime::START), time(LATER), chunks)
}

fn read_by(mut lines: LineReader, now: LogTime, chunks: &[LogOutput]) -> Vec<LogLine> {
    let mut read: Vec<_> = chunks.iter().flat_map(|chunk| lines.push(chunk, now)).collect();
    read.extend(lines.finish(now));
    read
}

fn time(text: &str) -> LogTime {
    timed(format!("{text} ").as_bytes()).expect("a time").0
}

fn texts(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.line.as_str()).collect()
}

// DK-122
#[test]
fn lines_keep_stream_time_and_emptiness() {
    let lines = read(&[
        out(format!("{NOON} one\n")),
        err(format!("{LATER} two\r\n")),
        out(format!("{LATER} \n")),
    ]);

    assert_eq!(texts(&lines), ["one", "two", ""]);
    assert_eq!(lines[0].stream, LogStream::Stdout);
    assert_eq!(lines[1].stream, LogStream::Stderr);
    assert_eq!(lines[0].at.to_string(), "2026-11-21T12:00:00.000Z");
    assert_eq!((lines[0].nanos, lines[1].nanos), (1, 2));
}

// DK-122
#[test]
fn a_terminal_writes_to_stdout() {
    let console = LogOutput::Console { message: format!("{NOON} hi\r\n").into() };

    let lines = read(&[console]);

    assert_eq!(texts(&lines), ["hi"]);
    assert_eq!(lines[0].stream, LogStream::Stdout);
}

// DK-121, W81: neither hangs nor grows without end.
#[test]
fn a_line_of_exactly_the_limit_is_whole_and_a_longer_one_is_cut_and_marked() {
    let full = "x".repeat(MAX_LOG_LINE);

    let exact = read(&[out(format!("{NOON} {full}")), out(format!("{NOON} \n"))]);
    let longer = read(&[out(format!("{NOON} {full}")), out(format!("{NOON} tail\n"))]);

    assert_eq!(texts(&exact), [full.as_str()]);
    assert!(!exact[0].cut);
    assert_eq!(texts(&longer), [full.as_str()]);
    assert!(longer[0].cut);
}

// DK-121: 20,000 letters of two bytes are one line, wherever the engine cuts them.
#[test]
fn a_line_is_one_line_however_its_bytes_fall_on_the_engines_chunks() {
    for lead in 0..4 {
        let text = format!("{}{}", "x".repeat(lead), "é".repeat(20_000));
        let chunks: Vec<LogOutput> = text
            .as_bytes()
            .chunks(CHUNK)
            .map(|chunk| out([format!("{NOON} ").as_bytes(), chunk].concat()))
            .chain([out(format!("{NOON} \n"))])
            .collect();

        let lines = read(&chunks);

        assert_eq!(texts(&lines), [text.as_str()], "behind {lead}");
        assert!(!lines[0].cut);
    }
}

#[test]
fn chunks_of_both_streams_are_not_mixed() {
    let full = "o".repeat(MAX_LOG_LINE);

    let lines = read(&[
        out(format!("{NOON} {full}")),
        err(format!("{LATER} between\n")),
        out(format!("{NOON} rest\n")),
    ]);

    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].line, "between");
    assert!(lines[1].cut && lines[1].line == full);
}

#[test]
fn the_last_words_of_one_run_are_not_glued_to_the_first_of_the_next() {
    let full = "x".repeat(MAX_LOG_LINE);

    let short = read(&[out(format!("{NOON} bye")), out(format!("{LATER} hello\n"))]);
    let long = read(&[out(format!("{NOON} {full}")), out(format!("{LATER} hello\n"))]);

    assert_eq!(texts(&short), ["bye", "hello"]);
    assert_eq!(texts(&long), [full.as_str(), "hello"]);
    assert!(!long[0].cut);
}

#[test]
fn binary_is_readable_and_never_longer_than_the_limit() {
    let mut noise = format!("{NOON} ").into_bytes();
    noise.extend(std::iter::repeat_n(0xff_u8, MAX_LOG_LINE - 1));
    noise.push(b'\n');

    let lines = read(&[out(noise)]);

    assert!(lines[0].line.len() <= MAX_LOG_LINE);
    assert!(lines[0].line.starts_with('\u{fffd}'));
    assert!(lines[0].cut);
}

#[test]
fn a_line_is_never_cut_within_a_character() {
    let mut text = "x".repeat(MAX_LOG_LINE - 1);
    text.push('é');

    let lines = read(&[out(format!("{NOON} {text}\n"))]);

    assert_eq!(lines[0].line, "x".repeat(MAX_LOG_LINE - 1));
    assert!(lines[0].cut);
}

// DK-121
#[test]
fn reading_on_after_a_line_neither_repeats_nor_loses_one() {
    let chunks = [out(format!("{NOON} one\n")), out(format!("{LATER} two\n"))];
    let one = read(&chunks).remove(0);
    let lines = LineReader::new(LogTime::new(one.at, one.nanos).next());

    let rest = read_by(lines, time(LATER), &chunks);

    assert_eq!(texts(&rest), ["two"]);
}

#[test]
fn a_remark_of_the_engine_without_a_time_is_kept() {
    let lines = read(&[out(format!("{NOON} one\n")), err("Error grabbing logs: EOF\n")]);

    assert_eq!(texts(&lines), ["one", "Error grabbing logs: EOF"]);
    assert_eq!(lines[1].at, lines[0].at);
}

/// What a follower sees of lines with these times, in order, when it is `now`; it began at noon.
fn followed(times: &[&str], now: &str) -> Vec<String> {
    let chunks: Vec<LogOutput> = times.iter().map(|at| out(format!("{at} {at}\n"))).collect();
    let lines = LineReader::following(LogTime::START, time(NOON));
    read_by(lines, time(now), &chunks).into_iter().map(|line| line.line).collect()
}

// DK-121: the engine repeats a part of what it has said when it rotates the files of a log.
#[test]
fn what_the_engine_repeats_when_it_rotates_a_log_is_left_out() {
    let (before, after) = ("2026-11-21T11:59:00Z", "2026-11-21T12:00:01Z");

    let seen = followed(&[before, NOON, LATER, before, NOON, LATER, after], after);

    assert_eq!(seen, [before, NOON, LATER, after]);
}

#[test]
fn nothing_is_left_out_because_a_clock_was_set_back() {
    let (ahead, set_back) = ("2026-11-21T13:00:00Z", "2026-11-21T12:00:05Z");
    // While it is followed: what was newest now lies in the future.
    let seen = followed(&[NOON, ahead, LATER, set_back], set_back);
    assert_eq!(seen, [NOON, ahead, LATER, set_back]);

    // Before: a history is told as it stands.
    let (first, second) = ("2026-11-21T11:00:00Z", "2026-11-21T10:00:00Z");
    let seen = followed(&[first, second, NOON], LATER);
    assert_eq!(seen, [first, second, NOON]);
}

#[test]
fn both_streams_keep_lines_of_one_time() {
    let lines = LineReader::following(LogTime::START, time(NOON));
    let chunks = [out(format!("{LATER} a\n")), err(format!("{NOON} b\n"))];

    let read = read_by(lines, time(LATER), &chunks);

    assert_eq!(texts(&read), ["a", "b"]);
}
