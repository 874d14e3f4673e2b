//! Recordings: read to their end or refused; what was read is written and read to the same.

#![no_main]

use enjamb::osc::Message;
use enjamb::recording::{Line, Reader, RecordedEvent};
use enjamb_fuzz::on_small_stack;

fn check(line: &Line) {
    let written = serde_json::to_string(line).expect("a line can be written");
    let again: Line = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("it can be written again"), written);
    let RecordedEvent::Out { messages, .. } = &line.event else { return };
    for json in messages {
        if let Ok(message) = Message::from_json(json) {
            let json = message.to_json();
            let again = Message::from_json(&json).expect("what was written can be read");
            assert_eq!(again.to_json().to_string(), json.to_string());
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    on_small_stack(|| {
        let Ok(mut reader) = Reader::new(bytes) else { return };
        while let Ok(Some(line)) = reader.next_line() {
            check(&line);
        }
        reader.ending();
    });
});
