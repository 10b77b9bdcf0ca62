package dev.ha.standalone;

import java.util.concurrent.CompletionStage;

/** What the backend has to do with each of its drivers. */
interface FileDriver {
    /** Starts; called once. */
    void begin();

    /** A regular look, in case no hint came; {@code thorough} ones come seldom and look at everything. May do short I/O. */
    void tick(boolean thorough);

    /** As that of the driver. */
    CompletionStage<Void> close();
}
