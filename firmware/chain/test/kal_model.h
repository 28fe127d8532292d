/* The sizes of a network that has no weights, for tests of the chain alone. */
#define KAL_MODEL_FORMAT 2
#define KAL_CHANNELS 16
#define KAL_STATES 10

struct kal_net;
extern const struct kal_net kal_model;
