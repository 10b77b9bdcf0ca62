package dev.ha.tck;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Messages of the reference backend: a list of texts, each with its length. */
final class Wire {
    private Wire() {}

    static List<String> read(DataInputStream in) throws IOException {
        List<String> message = new ArrayList<>();
        int size = in.readInt();
        for (int i = 0; i < size; i++) {
            message.add(new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8));
        }
        return message;
    }

    static void write(DataOutputStream out, List<String> message) throws IOException {
        out.writeInt(message.size());
        for (String text : message) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length);
            out.write(bytes);
        }
        out.flush();
    }

    static List<String> message(String... texts) {
        return Arrays.asList(texts);
    }
}
