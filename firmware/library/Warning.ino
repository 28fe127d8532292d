/* Samples of one lead in microvolts, 250 a second, to a warning of high potassium. Research use. Not a medical device. */
#include <Kalemia.h>

static struct kal_room room; /* the state; nothing else is kept */
static struct kal *const state = (struct kal *)&room;

/* What your front end measured, in microvolts; KAL_MISSING where the lead is off. */
static int32_t measured() { return KAL_MISSING; }

void setup() {
    Serial.begin(115200);
    struct kal_settings settings;
    kal_usual(&settings, 250);
    if (kal_init(state, &kal_model, &settings) != KAL_OK) {
        Serial.println("no such rate");
    }
}

void loop() {
    static uint32_t due = 0; /* microseconds; a timer's interrupt that fills a buffer is steadier */
    if ((int32_t)(micros() - due) < 0) {
        return;
    }
    due += 4000;
    struct kal_event events[KAL_MOST_EVENTS];
    const int count = kal_push(state, measured(), events);
    for (int i = 0; i < count; i++) {
        if (events[i].kind == KAL_WARNING) {
            Serial.println(events[i].value ? "the warning begins" : "the warning is over");
        }
    }
}
