package dev.ha.zookeeper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Just enough JSON for the nodes of this backend: an object's fields, each with the text of its value. Never throws on what it reads. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** {@code text} as a JSON string. */
    static String quote(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || c == '\u2028' || c == '\u2029' || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    /** The fields of the object {@code text}: strings without their quotes, everything else as it stands. Empty for what is no object. */
    static Optional<Map<String, String>> fields(String text) {
        Json json = new Json(text);
        try {
            Map<String, String> fields = json.object();
            json.space();
            return json.at == text.length() ? Optional.of(fields) : Optional.empty();
        } catch (IllegalArgumentException | IndexOutOfBoundsException notJson) {
            return Optional.empty();
        }
    }

    private Map<String, String> object() {
        Map<String, String> fields = new LinkedHashMap<>();
        expect('{');
        if (peek() == '}') {
            at++;
            return fields;
        }
        while (true) {
            peek();
            String key = string();
            expect(':');
            fields.put(key, value());
            if (peek() == '}') {
                at++;
                return fields;
            }
            expect(',');
        }
    }

    private String value() {
        char first = peek();
        int from = at;
        if (first == '"') {
            return string();
        }
        if (first == '{') {
            object();
            return text.substring(from, at);
        }
        while (",}] \t\r\n[{\"".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (at == from) {
            throw new IllegalArgumentException("no value");
        }
        return text.substring(from, at);
    }

    private String string() {
        expect('"');
        StringBuilder out = new StringBuilder();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
            out.append(c == '\\' ? escape() : c);
        }
        return out.toString();
    }

    private char escape() {
        char c = text.charAt(at++);
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'u' -> {
                at += 4;
                yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            default -> throw new IllegalArgumentException("escape");
        };
    }

    private void expect(char c) {
        if (peek() != c) {
            throw new IllegalArgumentException("expected " + c);
        }
        at++;
    }

    private char peek() {
        space();
        return text.charAt(at);
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }
}
