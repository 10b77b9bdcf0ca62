package dev.ha.spi;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * JSON objects of strings, integers and further objects, which are handed on as text: all that a record needs, without a
 * library in every user's class path.
 */
public final class FlatJson {
    private final String text;
    private int at;

    private FlatJson(String text) {
        this.text = text;
    }

    @SafeVarargs
    static String write(Map.Entry<String, Object>... fields) {
        StringBuilder out = new StringBuilder("{");
        for (Map.Entry<String, Object> field : fields) {
            out.append(out.length() == 1 ? "" : ",");
            quote(out, field.getKey());
            out.append(':');
            if (field.getValue() instanceof Number number) {
                out.append(number);
            } else {
                quote(out, field.getValue().toString());
            }
        }
        return out.append('}').toString();
    }

    /** {@code text} as a JSON string. */
    public static String quote(String text) {
        StringBuilder out = new StringBuilder();
        quote(out, text);
        return out.toString();
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
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
        out.append('"');
    }

    /** The fields as text, or empty when {@code text} is anything but one such object. */
    static Optional<Map<String, String>> read(String text) {
        try {
            FlatJson reader = new FlatJson(text);
            Map<String, String> fields = reader.object();
            reader.space();
            return reader.at == text.length() ? Optional.of(fields) : Optional.empty();
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
        if (first == '"') {
            return string();
        }
        if (first == '{') {
            int from = at;
            object();
            return text.substring(from, at);
        }
        return literal();
    }

    private String literal() {
        int from = at;
        while (",}] \t\r\n{[\"".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (from == at) {
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
