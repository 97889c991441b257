/* Reads rows of ROW from the standard input, and writes for each outputs, answer and probabilities:
   all as float. TASK is 1 where the answer is a class (4 where it is one of two), 2 where it is labels, 3
   where it is values. */
#include <stdio.h>

#include "net.h"

int main(void)
{
    ROW x[NET_INPUTS];
    float out[NET_OUTPUTS], answer[NET_OUTPUTS];
    static net_scratch scratch;
#if TASK != 3
    float probabilities[NET_OUTPUTS + 1];
    const size_t n_probabilities = TASK == 4 ? 2 : NET_OUTPUTS;
#endif
    while (fread(x, sizeof(ROW), NET_INPUTS, stdin) == NET_INPUTS) {
        net_outputs_with(&scratch, x, out);
        fwrite(out, sizeof(float), NET_OUTPUTS, stdout);
#if TASK == 1 || TASK == 4
        answer[0] = (float)net_predict(x);
        fwrite(answer, sizeof(float), 1, stdout);
#elif TASK == 2
        {
            uint8_t labels[NET_OUTPUTS];
            size_t k;
            net_predict(x, labels);
            for (k = 0; k < NET_OUTPUTS; ++k)
                answer[k] = (float)labels[k];
            fwrite(answer, sizeof(float), NET_OUTPUTS, stdout);
        }
#else
        net_predict(x, answer);
        fwrite(answer, sizeof(float), NET_OUTPUTS, stdout);
#endif
#if TASK != 3
        net_probabilities(x, probabilities);
        fwrite(probabilities, sizeof(float), n_probabilities, stdout);
#endif
    }
    return 0;
}
